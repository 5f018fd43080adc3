"""A module beside it."""


def double(number):
    twice = number * 2              # BREAK:double
    return twice
