"""`lychgate audit` tells a person, a script and an exit code what the ledger is worth."""

import asyncio
import json
import shutil
import zlib

import pytest
from click.testing import CliRunner

from proxy.cli.audit import audit
from proxy.ledger import Ledger
from proxy.model import Noted


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """A ledger of five notes, the last of which has a nasty detail; and its head as SEQ:HASH."""
    folder = tmp_path_factory.mktemp("audit") / "ledger"
    opened = Ledger.open(folder, now=lambda: 1000.0, segment_bytes=500)

    async def fill():
        for number in range(4):
            await opened.append(Noted(f"n{number % 2}", "", what="tested", detail="é"))
        await opened.append(Noted("last", "", what="tested", detail="\x1b[2J\u202e"))

    asyncio.run(fill())
    seq, head = opened.head()
    opened.close()
    return folder, f"{seq}:{head}"


def run(*arguments, **options):
    """Run the command; return its exit code and what it said."""
    result = CliRunner().invoke(audit, list(map(str, arguments)), **options)
    return result.exit_code, result.stdout, result.stderr


def spoiled(ledger, tmp_path):
    """A copy with one changed byte."""
    folder = tmp_path / "spoiled"
    shutil.copytree(ledger[0], folder)
    path = min(folder.iterdir())
    data = bytearray(path.read_bytes())
    data[30] ^= 1
    path.write_bytes(data)
    return folder


def test_a_good_ledger_is_0(ledger):
    """The last line is the head, in the form that --expect-head takes."""
    code, out, _ = run("verify", ledger[0])
    assert code == 0
    assert out.splitlines()[-1] == f"head {ledger[1]}"
    assert run("verify", ledger[0], "--expect-head", ledger[1])[0] == 0


def test_findings_are_1(ledger, tmp_path):
    """A changed byte, or a head that is not reached, is a finding, and the first line says where."""
    code, out, _ = run("verify", spoiled(ledger, tmp_path))
    assert code == 1
    assert out.startswith("00000000000000000001.segment:0: entry 1: ")
    code, out, _ = run("verify", ledger[0], "--expect-head", "9:" + "0" * 64)
    assert code == 1
    assert "entry 9 is known to have been written" in out


def test_the_exit_code_survives_being_called_by_another_command(ledger, tmp_path):
    """The code reaches the shell also when the group is run by a program that catches click's own exceptions."""
    with pytest.raises(SystemExit) as caught:
        audit(["verify", str(spoiled(ledger, tmp_path))], standalone_mode=False)
    assert caught.value.code == 1


@pytest.mark.parametrize("head", ["", "5", "5:xyz", "x:" + "0" * 64])
def test_a_head_that_is_none_is_2(ledger, head):
    """A mistyped head is a usage error, never a finding or a pass."""
    code, _, err = run("verify", ledger[0], "--expect-head", head)
    assert code == 2
    assert "SEQ:HASH" in err


@pytest.mark.parametrize("command", ["verify", "show"])
def test_no_ledger_is_2(tmp_path, command):
    """The wrong folder is a usage error."""
    assert run(command, tmp_path)[0] == 2
    assert run(command, tmp_path / "missing")[0] == 2


def test_the_folder_may_come_from_the_environment(ledger, tmp_path):
    """Without DIR it is $LYCHGATE_LEDGER."""
    assert run("verify", env={"LYCHGATE_LEDGER": str(ledger[0])})[0] == 0
    assert run("verify", env={"LYCHGATE_LEDGER": str(tmp_path)})[0] == 2


def test_json_says_the_same(ledger, tmp_path):
    """A script reads the same report, with the same exit code."""
    code, out, _ = run("verify", ledger[0], "--format", "json")
    report = json.loads(out)
    assert code == 0
    assert f"{report['last_seq']}:{report['head']}" == ledger[1]
    assert report["problems"] == []
    code, out, _ = run("verify", spoiled(ledger, tmp_path), "--format", "json")
    assert code == 1
    assert json.loads(out)["problems"][0]["segment"] == "00000000000000000001.segment"


def test_show_prints_lines_of_json(ledger):
    """Every entry is one line, oldest first, all of it ASCII, so that no entry can play with a terminal."""
    code, out, _ = run("show", ledger[0])
    assert code == 0
    assert out.isascii()
    assert "\x1b" not in out
    shown = [json.loads(line) for line in out.splitlines()]
    assert [entry["seq"] for entry in shown] == [1, 2, 3, 4, 5]
    assert shown[-1]["detail"] == "\x1b[2J\u202e"


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        (["--last", "2"], [4, 5]),
        (["--last", "99"], [1, 2, 3, 4, 5]),
        (["--id", "n0"], [1, 3]),
        (["--id", "n1", "--last", "1"], [4]),
        (["--id", "n"], []),  # a part of an id is not the id
        (["--id", "tested"], []),  # nor is another member's value
    ],
)
def test_show_can_be_narrowed(ledger, options, seqs):
    """--last and --id choose, and the order stays."""
    _, out, _ = run("show", ledger[0], *options)
    assert [json.loads(line)["seq"] for line in out.splitlines()] == seqs


def test_show_does_not_stop_at_what_is_no_entry(ledger, tmp_path):
    """A damaged frame hides its own entries only; a line that is no entry is told on standard error."""
    folder = spoiled(ledger, tmp_path)
    code, out, err = run("show", folder)
    assert (code, err) == (0, "")
    assert [json.loads(line)["seq"] for line in out.splitlines()] == [2, 3, 4, 5]
    payload = b"not an entry\n"
    length = len(payload).to_bytes(4, "big")
    rubbish = length + zlib.crc32(length + payload).to_bytes(4, "big") + payload
    (folder / "00000000000000000009.segment").write_bytes(rubbish)
    code, out, err = run("show", folder)
    assert (code, len(out.splitlines())) == (0, 4)
    assert err == "00000000000000000009.segment:0: not an entry; run `lychgate audit verify`\n"
