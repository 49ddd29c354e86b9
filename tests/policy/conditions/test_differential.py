"""Our conditions held against Google's CEL."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("differential.py")
SEEDS = (20261123, 20261124)
EXPRESSIONS = 50_000


def test_no_difference() -> None:
    """100,000 random expressions have the same answers on both sides; about half of these are errors."""
    commands = [[sys.executable, PROGRAM, str(seed), str(EXPRESSIONS)] for seed in SEEDS]
    running = [subprocess.Popen(each, stdout=subprocess.PIPE, text=True) for each in commands]
    found = []
    for each in running:
        printed, _ = each.communicate(timeout=600)
        assert each.returncode == 0
        found.append(json.loads(printed))
    assert [each["differences"] for each in found] == [[], []]
    counts = {name: sum(each["counts"][name] for each in found) for name in found[0]["counts"]}
    assert counts["expressions"] == 2 * EXPRESSIONS
    wrong = counts["errors"] + counts["refused"]
    assert 0.4 < wrong / counts["answers"] < 0.6
    assert min(counts["true"], counts["false"], counts["refused"]) > EXPRESSIONS / 4
    assert counts["texts"] - counts["texts refused"] > EXPRESSIONS / 25
