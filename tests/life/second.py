"""The comparison on the second machine, by its own virsh, rtnetlink and `rxtrust status`. usage: second.py MODEL

Reads the model of it from that file, prints the difference and fails, or writes the model back."""

import pickle
import sys

import life
from machine import Difference, Machine


def main():
    with open(sys.argv[1], "rb") as file:
        model = pickle.load(file)
    try:
        life.settle(model, Machine())
    except Difference as difference:
        print(difference)
        sys.exit(1)
    with open(sys.argv[1], "wb") as file:
        pickle.dump(model, file)


if __name__ == "__main__":
    main()
