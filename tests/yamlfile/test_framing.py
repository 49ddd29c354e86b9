"""How a problem is drawn."""

from pathlib import Path

from proxy.errors import Problem
from proxy.yamlfile import frame


def _problem(path: Path, line: int, column: int) -> Problem:
    return Problem(str(path), line, column, "LG101", "x")


def test_a_frame_shows_seven_lines_with_a_caret_under_the_word(tmp_path: Path) -> None:
    """Three lines before, the line itself, three after, and a caret as long as the word."""
    path = tmp_path / "p.yaml"
    path.write_text("".join(f"line{n}: word{n}\n" for n in range(1, 13)))
    assert frame(_problem(path, 9, 8)).splitlines() == [
        "    6 | line6: word6",
        "    7 | line7: word7",
        "    8 | line8: word8",
        " >  9 | line9: word9",
        "      |        ^^^^^",
        "   10 | line10: word10",
        "   11 | line11: word11",
        "   12 | line12: word12",
    ]


def test_a_frame_at_the_first_line_starts_there(tmp_path: Path) -> None:
    """Nothing is invented before the start of the file."""
    path = tmp_path / "p.yaml"
    path.write_text("efect: x\n")
    assert frame(_problem(path, 1, 1)).splitlines()[:2] == [" > 1 | efect: x", "     | ^^^^^"]


def test_there_is_no_frame_without_a_line_or_through_a_link(tmp_path: Path) -> None:
    """A problem about a whole file, a line that is gone and a link have no frame."""
    path, link = tmp_path / "p.yaml", tmp_path / "link.yaml"
    path.write_text("a: 1\n")
    link.symlink_to(path)
    for each in (_problem(path, 0, 0), _problem(path, 9, 1), _problem(link, 1, 1)):
        assert frame(each) == ""


def test_what_a_terminal_would_act_on_is_not_drawn(tmp_path: Path) -> None:
    """A sign that turns text around, or starts the line over, is drawn as a replacement of the same width."""
    path = tmp_path / "policy.yaml"
    path.write_bytes("a: \u202ex # y\rz\x1b[2K\n".encode())
    drawn = frame(Problem(str(path), 1, 4, "LG100", "odd"))
    assert " > 1 | a: \ufffdx # y\ufffdz\ufffd[2K" in drawn.split("\n")
