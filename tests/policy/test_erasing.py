"""What is wrong with who agrees to erasures is told when the policies load."""

import pytest

from tests.policy.conftest import Bench


@pytest.mark.parametrize(
    ("hours", "says"),
    [
        ("cooling_off_hours: 24", "an agreement that holds 24 hours has lapsed when the cooling-off is over"),
        ("cooling_off_hours: 24", "write valid_hours: 48"),
        ("valid_hours: 2, cooling_off_hours: 3", "write valid_hours: 27"),
        ("valid_hours: 168, cooling_off_hours: 168", "write fewer hours here"),
        ("cooling_off_hours: 23", ""),
        ("valid_hours: 25, cooling_off_hours: 24", ""),
    ],
)
def test_a_cooling_off_that_no_agreement_outlives_is_refused(bench: Bench, hours: str, says: str) -> None:
    """Nobody could ever be erased under it, and only whoever waited for a day would find out."""
    path = bench.write("erasure.yaml", f"consent: {{roles: [lead], {hours}}}", kind="Erasure")
    problems = [each for each in bench.check("grants: []").problems if each.code == "LG147"]
    assert bool(problems) is bool(says)
    for each in problems:
        assert says in each.message
        lines = path.read_text("utf-8").splitlines()
        assert lines[each.line - 1][each.column - 1 :].startswith(hours.rpartition(" ")[2])
