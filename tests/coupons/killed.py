"""A process that gives out codes until it is killed: `python killed.py STATE BATCH SEED`. Prints what was committed."""

from __future__ import annotations

import sys

import numpy as np

from onepool.reach import coupons
from onepool.state import State


def main() -> None:
    state, chance = State(sys.argv[1]), np.random.default_rng(int(sys.argv[3]))
    print("ready", flush=True)
    while True:
        keys = chance.integers(1, 3000, 40)
        with state.write() as connection:
            codes = coupons.issue(connection, sys.argv[2], keys, keys % 500, keys, 1_795_000_000_000_000)
        told = (f"{key}={code}" for key, code in zip(keys.tolist(), codes.to_pylist(), strict=True) if code)
        print(" ".join(told), flush=True)


if __name__ == "__main__":
    main()
