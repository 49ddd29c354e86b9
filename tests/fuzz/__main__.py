"""`python -m tests.fuzz [TARGET ...] [--seconds N]`: fuzz each target for so long, and say what was tried.

The time is that of the processor, so that a machine with other work to do does not make it less.

Inputs are mutations of seeds and of whatever was accepted since, from words of each language. One that fails is
written to `.cache/fuzz`; its shortest form belongs among the seeds.
"""

import argparse
import random
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.mutate import mutated
from tests.fuzz.targets import Target, targets, tried

FAILED = Path(".cache/fuzz")
KEPT = 2_000
SLOW = 5.0
"""Seconds of processor time beyond which one input is taken for a hang."""


def fuzz(target: Target, seconds: float, chance: random.Random) -> tuple[int, int, int]:
    """Return how many inputs were tried, taken, and failed in so many seconds of CPU time."""
    pool = list(target.seeds)
    known = set(pool)
    tries = accepted = failed = 0
    ends = time.process_time() + seconds
    while time.process_time() < ends:
        data = mutated(chance, pool, target.words)
        tries += 1
        began = time.process_time()
        try:
            taken = tried(target, data)
            if time.process_time() - began > SLOW:
                raise AssertionError("too slow")
        except Exception:
            failed += 1
            FAILED.mkdir(parents=True, exist_ok=True)
            name = FAILED / f"{target.name}-{failed}"
            name.write_bytes(data)
            print(f"{name}: {traceback.format_exc(limit=-1)}", flush=True)
            continue
        accepted += taken
        if taken and data not in known and len(pool) < KEPT:
            pool.append(data)
            known.add(data)
    return tries, accepted, failed


def main() -> int:
    """Fuzz; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("target", nargs="*")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    wrong = 0
    for target in targets():
        if given.target and target.name not in given.target:
            continue
        tries, taken, failed = fuzz(target, given.seconds, random.Random(given.seed))
        print(f"{target.name:10} {tries:10,} tried {taken:10,} taken {failed:5,} failed", flush=True)
        wrong += failed
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
