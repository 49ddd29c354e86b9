"""The demo's count, which its exit code and closing line come from."""

import pytest

from proxy.demo.stage import WIDTH, Stage


@pytest.mark.parametrize(
    ("held", "code", "said"),
    [
        ([True, True], 0, "demo: 2 shown, 0 failed"),
        ([True, False], 1, "demo: 2 shown, 1 failed"),
        ([False, False], 1, "demo: 2 shown, 2 failed"),
        ([None, ""], 1, "demo: 2 shown, 2 failed"),  # what comes back empty is no proof
        (["x", 1], 0, "demo: 2 shown, 0 failed"),
        ([], 1, "demo: 0 shown, 0 failed"),  # a demo that showed nothing has not succeeded
    ],
)
def test_one_failed_expectation_is_a_failed_demo(
    held: list[object], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 0 only if something was shown and all of it held."""
    stage = Stage()
    for one in held:
        assert stage.expect("it holds", one) is bool(one)
    assert stage.close() == code
    assert capsys.readouterr().out.splitlines()[-1] == said


def test_a_failure_is_seen_where_it_happens(capsys: pytest.CaptureFixture[str]) -> None:
    """Both marks stand in the text, so that they survive a pipe."""
    stage = Stage()
    stage.expect("this", holds=True)
    stage.expect("that", holds=False)
    assert capsys.readouterr().out.splitlines() == ["  ok   this", "  FAIL that"]


def test_a_table_is_aligned_and_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns are as wide as their widest cell, long cells end in an ellipsis, and no line ends in blanks."""
    long = "x" * (WIDTH + 5)
    Stage().table(("field", "held", "seen"), [("name", "Mara", "Mara"), ("notes", long, "·")])
    assert capsys.readouterr().out.splitlines() == [
        f"  field  {'held':<{WIDTH}}  seen",
        f"  name   {'Mara':<{WIDTH}}  Mara",
        f"  notes  {'x' * (WIDTH - 1)}…  ·",
    ]


def test_there_is_no_colour_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not a terminal gets plain text, every line of it indented below its scene."""
    stage = Stage()
    stage.scene("A scene")
    stage.say("one\ntwo")
    assert capsys.readouterr().out == "\nA scene\n  one\n  two\n"
