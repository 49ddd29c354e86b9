"""`python -m tests.attacks`: fire everything, and say what was stopped and what was kept."""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.attacks.corpus import load
from tests.attacks.target import lychgate


def main() -> int:
    """Print the count, and each case that went wrong; 1 if one did."""
    counts: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as folder, lychgate(Path(folder) / "installation") as target:
        for case in load():
            kind = "kept" if case.wanted else "stopped"
            outcome = target.fire(case.lane, case.request, case.answer)
            wrong = case.hit(outcome) or case.lost(outcome)
            counts[kind, "all"] += 1
            counts[kind, "right"] += not wrong
            if wrong:
                print(f"not {kind}: {case.id} {case.name}: {wrong}")
    attacks, wanted = [[counts[kind, which] for which in ("right", "all")] for kind in ("stopped", "kept")]
    print(f"attacks stopped {attacks[0]} of {attacks[1]}, wanted traffic kept {wanted[0]} of {wanted[1]}")
    return int(attacks[0] < attacks[1] or wanted[0] < wanted[1])


if __name__ == "__main__":
    sys.exit(main())
