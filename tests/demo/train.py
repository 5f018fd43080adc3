"""An example training step: fits a line to noisy points, by gradient descent.

It has no packages to install and no line that is there for a debugger."""
import argparse
import random


def make_points(count, slope, offset):
    points = []
    for _ in range(count):
        x = random.uniform(-1.0, 1.0)
        points.append((x, slope * x + offset + random.gauss(0.0, 0.1)))
    return points


def train_epoch(points, weight, bias, rate):
    loss = 0.0
    for x, y in points:
        error = weight * x + bias - y
        loss += error * error
        weight -= rate * error * x
        bias -= rate * error
    return weight, bias, loss / len(points)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rate", type=float, default=0.05)
    args = parser.parse_args()

    random.seed(7)
    points = make_points(200, slope=3.0, offset=-1.0)
    weight, bias = 0.0, 0.0
    for epoch in range(1, args.epochs + 1):
        weight, bias, loss = train_epoch(points, weight, bias, args.rate)
        print("epoch %d: loss %.4f, y = %.2f x %+.2f" % (
            epoch, loss, weight, bias))


if __name__ == "__main__":
    main()
