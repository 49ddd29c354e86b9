"""The verifier finds every change that can be found, names the first, and needs nothing but Python."""

import ast
import json
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from proxy.ledger import Ledger
from proxy.ledger import verify as judge
from proxy.ledger.canonical import members_of

FAST = settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def check(folder, **options):
    """Verify without waiting for a writer that is not there."""
    return judge.verify(folder, pauses=(), **options)


def framed(lines):
    """A frame as the package's docstring describes it, written here once more, without the package."""
    payload = b"".join(line + b"\n" for line in lines)
    length = struct.pack(">I", len(payload))
    return length + struct.pack(">I", zlib.crc32(length + payload)) + payload


def forge(folder, frames):
    """Make a ledger of one segment of what was framed, with correct checksums, as a careful forger would."""
    folder.mkdir(exist_ok=True)
    data = b"".join(framed(lines) for lines in frames)
    (folder / "00000000000000000001.segment").write_bytes(data + bytes(100))


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    """A ledger of twelve entries in five frames and three segments, closed; and its head."""
    from proxy.model import Noted

    folder = tmp_path_factory.mktemp("honest") / "ledger"
    ledger = Ledger.open(folder, now=lambda: 1000.0, segment_bytes=1100)
    number = 0
    for count in (1, 3, 4, 2, 2):
        notes = []
        for _ in range(count):
            number += 1
            notes.append(members_of(Noted(f"n{number}", "", what="tested", detail="é")) | {"time_ms": 5})
        ledger._tail.commit(notes)
    head = ledger.head()
    ledger.close()
    assert len(list(folder.iterdir())) == 3
    return folder, head


@pytest.fixture(scope="module")
def honest_lines(honest):
    """Its twelve lines."""
    return [line.encode() for _, _, line in judge.read_entries(honest[0])]


def test_an_honest_ledger_is_fine(honest):
    """Every number in the report is what was written, and the head is accepted again."""
    folder, head = honest
    report = check(folder, expect=head)
    assert (report.entries, report.segments, report.first_seq) == (12, 3, 1)
    assert (report.last_seq, report.head) == head
    assert (report.problems, report.problem_count, report.exit_code) == ([], 0, 0)
    assert judge.tell(report) == f"ok: 12 entries in 3 segments\nhead 12:{head[1]}"


def test_a_forged_copy_of_the_honest_lines_is_fine(tmp_path, honest, honest_lines):
    """The forger's frame is the writer's: else the tests below would find the frame and not the forgery."""
    forge(tmp_path / "copy", [honest_lines])
    assert check(tmp_path / "copy", expect=honest[1]).problem_count == 0


@FAST
@given(data=st.data())
def test_any_changed_byte_is_found(honest, tmp_path_factory, data):
    """AU-01: no byte in the used part of any segment, header or payload, can be changed unseen."""
    folder = tmp_path_factory.mktemp("flipped") / "ledger"
    shutil.copytree(honest[0], folder)
    path = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(path.read_bytes())
    offset = data.draw(st.integers(0, len(bytes(content).rstrip(b"\0")) - 1))
    content[offset] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    report = check(folder)
    assert report.exit_code == 1
    assert report.problems[0].segment == path.name
    assert report.problems[0].offset <= offset


@FAST
@given(data=st.data())
def test_any_byte_behind_the_end_is_found(honest, tmp_path_factory, data):
    """What was never used stays zero."""
    folder = tmp_path_factory.mktemp("grown") / "ledger"
    shutil.copytree(honest[0], folder)
    path = data.draw(st.sampled_from(sorted(folder.iterdir())))
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(len(bytes(content).rstrip(b"\0")), len(content) - 1))] = 1
    path.write_bytes(content)
    assert check(folder).exit_code == 1


FORGERIES = st.sampled_from(["change", "remove", "swap", "repeat", "cut", "insert"])


@FAST
@given(how=FORGERIES, data=st.data())
def test_any_forged_entry_is_found(honest, honest_lines, tmp_path_factory, how, data):
    """AU-01: with correct checksums, every change, removal, swap, repetition, insertion or cut is found.

    With the head that was noted all of them; without it all that leave anything behind the change.
    """
    lines = list(honest_lines)
    place = st.integers(0, len(lines) - 1)
    one, other = data.draw(place), data.draw(place)
    match how:
        case "change":
            line = bytearray(lines[one])
            line[data.draw(st.integers(0, len(line) - 1))] ^= data.draw(st.integers(1, 255))
            lines[one] = bytes(line)
        case "remove":
            del lines[one]
        case "swap":
            lines[one], lines[other] = lines[other], lines[one]
        case "repeat":
            lines.insert(other, lines[one])
        case "insert":
            lines.insert(other, lines[one].replace(b"tested", b"forged"))
        case "cut":
            del lines[one:]
    assume(lines != honest_lines)
    folder = tmp_path_factory.mktemp("forged") / "ledger"
    size = data.draw(st.integers(1, 12))
    forge(folder, [lines[at : at + size] for at in range(0, len(lines), size)])
    assert check(folder, expect=honest[1]).exit_code == 1
    only_the_end = lines[:-1] == honest_lines[: max(0, len(lines) - 1)]
    assert check(folder).exit_code == 1 or only_the_end


@pytest.mark.parametrize("kept", range(12))
def test_a_cut_ledger_is_told_by_its_head(honest, honest_lines, tmp_path, kept):
    """A ledger that ends before the noted head says so, though its chain is whole."""
    forge(tmp_path / "cut", [honest_lines[:kept]] if kept else [])
    report = check(tmp_path / "cut", expect=honest[1])
    assert [problem.seq for problem in report.problems] == [kept + 1]
    assert "entry 12 is known to have been written" in report.problems[0].what


def test_a_ledger_written_anew_is_told_by_its_head(honest, open_ledger, folder, entries):
    """A whole other ledger, longer and without a fault, is not the one whose head was noted."""
    ledger = open_ledger()
    for _ in range(20):
        ledger._tail.commit([members_of(entries["noted"]("other")) | {"time_ms": 5}])
    ledger.close()
    assert check(folder).exit_code == 0
    report = check(folder, expect=honest[1])
    assert [problem.seq for problem in report.problems] == [12]


@pytest.mark.parametrize("victim", [0, 1, 2])
def test_a_missing_segment_is_found(honest, tmp_path, victim):
    """A segment that is gone is named by the one after it, or by the head."""
    folder = tmp_path / "ledger"
    shutil.copytree(honest[0], folder)
    sorted(folder.iterdir())[victim].unlink()
    assert check(folder, expect=honest[1]).exit_code == 1
    assert check(folder).exit_code == (1 if victim < 2 else 0)


def test_one_defect_is_told_once(honest, honest_lines, tmp_path):
    """A changed entry makes two problems at most: itself, and its successor's link."""
    lines = list(honest_lines)
    lines[4] = lines[4].replace(b"tested", b"forged")
    forge(tmp_path / "ledger", [lines])
    assert [problem.seq for problem in check(tmp_path / "ledger").problems] == [6]
    lines[4] = b"not an entry"
    forge(tmp_path / "ledger", [lines])
    assert [problem.seq for problem in check(tmp_path / "ledger").problems] == [5, 6]


NOT_CANONICAL = {
    "a blank": lambda line: line.replace(b'"v":1', b'"v": 1'),
    "another order": lambda line: b'{"v":1,' + line[1:].replace(b',"v":1', b""),
    "a name twice": lambda line: line.replace(b'"v":1', b'"v":1,"v":1'),
    "an escape that is not needed": lambda line: line.replace(b"tested", b"t\\u0065sted"),
    "a line feed at the end": lambda line: line + b"\r",
    "a float": lambda line: line.replace(b'"v":1', b'"v":1.5'),
    "a large integer": lambda line: line.replace(b'"v":1', b'"v":1,"w":9007199254740992'),
    "null": lambda line: line.replace(b'"what":"tested"', b'"what":null'),
    "an object": lambda line: line.replace(b'"what":"tested"', b'"what":{}'),
    "an array of numbers": lambda line: line.replace(b'"what":"tested"', b'"what":[1]'),
    "not a number": lambda line: line.replace(b'"what":"tested"', b'"what":NaN'),
    "a boolean for a number": lambda line: line.replace(b'"v":1', b'"v":true'),
    "no id": lambda line: line.replace(b'"id":"n1",', b""),
    "not UTF-8": lambda line: line.replace(b"tested", b"t\xffsted"),
    "half a character": lambda line: line.replace(b"tested", b"\\ud800"),
    "an array": lambda line: b"[" + line + b"]",
    "nested beyond reason": lambda line: b"[" * 100_000,
    "nothing": lambda line: b"",
    "another version": lambda line: line.replace(b'"v":1', b'"v":2'),
    "a name that is not ASCII": lambda line: line.replace(b'"what":"tested"', '"what":"x","é":"y"'.encode()),
}


@pytest.mark.parametrize("how", NOT_CANONICAL)
def test_only_the_canonical_form_is_an_entry(honest_lines, tmp_path, how):
    """A first entry that any lenient reader would take is a problem, because two readers could differ on it."""
    line = NOT_CANONICAL[how](honest_lines[0])
    assert line != honest_lines[0]
    forge(tmp_path / "ledger", [[line]])
    assert [problem.seq for problem in check(tmp_path / "ledger").problems] == [1]


async def test_intents_without_outcome_are_listed(folder, open_ledger, entries):
    """FX-10: open intents are listed with their sequence numbers, and are no problem."""
    ledger = open_ledger()
    for kind, name in [
        ("requested", "a"),
        ("requested", "b"),
        ("requested", "c"),
        ("requested", "d"),
        ("disclosed", "b"),
        ("failed", "c"),
        ("declined", "x"),
    ]:
        await ledger.append(entries[kind](name))
    await ledger.append(entries["disclosed"]("d", 1, 2))
    report = check(folder)
    assert report.open_intents == {"a": 1, "d": 4}
    assert report.exit_code == 0
    assert "2 requests have no outcome" in judge.tell(report)
    await ledger.append(entries["disclosed"]("d", 2, 2))
    assert check(folder).open_intents == {"a": 1}


async def test_answers_that_were_cut_short_are_counted(folder, open_ledger, entries):
    """A disclosure stays what it is when the client leaves; that it may not have arrived is said beside it."""
    ledger = open_ledger()
    for name in "abcd":
        await ledger.append(entries["requested"](name))
    await ledger.append(entries["disclosed"]("a"))
    await ledger.append(entries["failed"]("a"))  # left at release
    await ledger.append(entries["disclosed"]("b", 1, 0))
    await ledger.append(entries["disclosed"]("b", 2, 0))
    assert check(folder).open_intents == {"b": 2, "c": 3, "d": 4}
    await ledger.append(entries["failed"]("b"))  # broken off between two parts
    await ledger.append(entries["failed"]("c"))  # nothing of it was ever disclosed
    await ledger.append(entries["disclosed"]("d", 1, 0))
    await ledger.append(entries["requested"]("d"))  # another piece of an upload: no second exchange
    await ledger.append(entries["disclosed"]("d", 2, 2))
    report = check(folder)
    assert (report.open_intents, report.cut_short, report.exit_code) == ({}, 2, 0)
    assert "cut short: 2 answers" in judge.tell(report)


async def test_a_ledger_in_use_can_be_verified(folder, open_ledger, entries):
    """A frame that is being written is looked at again before it is called damaged."""
    ledger = open_ledger()
    for number in range(5):
        await ledger.append(entries["noted"](f"n{number}"))
    path = max(folder.iterdir())
    data = path.read_bytes()
    whole = data.rstrip(b"\0")
    path.write_bytes(whole[:-20] + bytes(20) + data[len(whole) :])
    assert check(folder).exit_code == 1
    looks = []

    def pauses():
        for _ in range(3):
            looks.append(1)
            path.write_bytes(data)
            yield 0

    assert judge.verify(folder, pauses=pauses()).exit_code == 0
    assert looks


def test_a_frame_is_lines(honest_lines, tmp_path):
    """A payload whose last line is not ended is a problem, though its checksum and its entry are right."""
    framed_line = framed([honest_lines[0]])
    payload = framed_line[8:-1]
    length = struct.pack(">I", len(payload))
    (tmp_path / "00000000000000000001.segment").write_bytes(
        length + struct.pack(">I", zlib.crc32(length + payload)) + payload
    )
    report = check(tmp_path)
    assert [problem.what for problem in report.problems] == ["the frame does not end with a line feed"]
    assert report.entries == 1


def test_the_head_of_an_empty_ledger(tmp_path):
    """Sequence number 0 goes with 64 zeros and is met by any ledger; anything else is a mistake."""
    forge(tmp_path / "ledger", [])
    assert check(tmp_path / "ledger", expect=(0, "0" * 64)).exit_code == 0
    assert check(tmp_path / "ledger", expect=(0, "1" * 64)).exit_code == 1


def test_many_problems_are_counted_and_not_listed(honest_lines, tmp_path):
    """A file full of rubbish makes a report of bounded size."""
    forge(tmp_path / "ledger", [[b"rubbish"] * 1000])
    report = check(tmp_path / "ledger")
    assert report.problem_count == 1000
    assert len(report.problems) == judge.MAX_PROBLEMS
    assert "... and 900 more problems" in judge.tell(report)


def test_a_folder_without_a_ledger_is_not_fine(tmp_path):
    """The wrong folder is an error of its own, never a ledger without problems."""
    with pytest.raises(judge.NotALedger, match="no ledger"):
        check(tmp_path)
    with pytest.raises(judge.NotALedger, match="cannot be read"):
        check(tmp_path / "missing")
    with pytest.raises(judge.NotALedger):
        list(judge.read_entries(tmp_path))


def test_entries_can_be_read_from_either_end(honest, honest_lines):
    """Newest first is the same entries in the opposite order."""
    forwards = [line for _, _, line in judge.read_entries(honest[0])]
    backwards = [line for _, _, line in judge.read_entries(honest[0], newest_first=True)]
    assert [json.loads(line)["seq"] for line in forwards] == list(range(1, 13))
    assert backwards == forwards[::-1]


def test_what_is_readable_of_a_damaged_ledger_is_read(honest, tmp_path):
    """A damaged frame hides itself and nothing behind it."""
    folder = tmp_path / "ledger"
    shutil.copytree(honest[0], folder)
    path = min(folder.iterdir())
    content = bytearray(path.read_bytes())
    content[20] ^= 1
    path.write_bytes(content)
    assert [json.loads(line)["seq"] for _, _, line in judge.read_entries(folder)] == list(range(2, 13))


@pytest.mark.parametrize(
    "text", ["", "1", "1:", ":" + "0" * 64, "1:" + "G" * 64, "-1:" + "0" * 64, "1:" + "A" * 64]
)
def test_a_head_has_one_form(text):
    """What is not SEQ:HASH is refused."""
    with pytest.raises(ValueError, match="SEQ:HASH"):
        judge.parse_head(text)
    assert judge.parse_head("12:" + "0f" * 32) == (12, "0f" * 32)


def test_it_needs_python_alone(honest, tmp_path):
    """The file, copied elsewhere and run by an isolated interpreter, verifies; its exit codes are 0, 1 and 2."""
    source = Path(judge.__file__).read_text()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [item.name for item in node.names]
            assert {name.split(".")[0] for name in names} <= sys.stdlib_module_names
    copy = tmp_path / "verify.py"
    copy.write_text(source)
    folder, (seq, head) = honest

    def run(*arguments):
        command = [sys.executable, "-I", "-S", str(copy), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    good = run(str(folder), f"{seq}:{head}")
    assert (good.returncode, good.stdout) == (0, f"ok: 12 entries in 3 segments\nhead {seq}:{head}\n")
    bad = run(str(folder), f"{seq + 1}:{head}")
    assert bad.returncode == 1
    assert "entry 13 is known" in bad.stdout
    assert run(str(tmp_path)).returncode == 2
    assert run(str(folder), "nonsense").returncode == 2
    assert run().returncode == 2
