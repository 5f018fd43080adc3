"""Something to step through: a long run of lines."""


def walk():
    total = 0
    for i in range(1000000):
        total += i
        total -= i // 2
        total += 1
    return total


walk()
