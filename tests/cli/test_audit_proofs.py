"""What an auditor takes away from an installation, and what an export and a data subject's list say."""

import asyncio
import csv
import io
import json
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from proxy.cli.audit import audit
from proxy.cli.audit_export import COLUMNS, harmless
from proxy.cli.init import init
from proxy.config import load_config
from proxy.console.control import controlled
from proxy.crypto import derive, read_key
from proxy.ledger import Ledger
from proxy.ledger import verify as judge
from proxy.model import Disclosed, Noted, Requested
from proxy.subjects import Pseudonyms

NOON = 1_790_000_000.0


def run(*arguments, cwd=None, **options):
    """Run the command; return its exit code, output and what it said besides."""
    result = CliRunner().invoke(audit, list(map(str, arguments)), **options)
    said = result.stderr
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return 2, result.stdout, said + str(result.exception)
    return result.exit_code, result.stdout, said


def requested(name, *records):
    """An intent that names these people."""
    return Requested(
        name, "sales", "p", "desk", "acme", "support", "",
        ("read Contact",), ("read Contact.Email",), records, (), "x",
    )  # fmt: skip


def disclosed(name, *people, recipient="acme", part=1, parts=1):
    """An answer about these people."""
    return Disclosed(
        name, "sales", "p", "desk", recipient, "support", 200, len(people), part, parts, people,
        ("user.contact.email", "user.name"), ("allow Contact.Email",), ("=r",), "x",
    )  # fmt: skip


class Gate:
    """An installation whose ledger holds some decisions."""

    def __init__(self, folder):
        self.config = folder / "lychgate.yaml"
        assert CliRunner().invoke(init, [str(folder)]).exit_code == 0
        self.state = load_config(self.config).state
        root = read_key(self.state / "keys" / "root.key")
        self.ada, self.bob = Pseudonyms(derive(root, "pseudonyms")).all("record", ["003A", "003B"])
        self.now = NOON

    def append(self, *entries):
        """Append with the proxy's own ledger, a minute apart."""
        ledger = Ledger.open(self.state / "ledger", now=lambda: self.now, segment_bytes=700)

        async def fill():
            for entry in entries:
                await ledger.append(entry)
                self.now += 60

        asyncio.run(fill())
        ledger.close()

    def take_away(self, folder):
        """What an auditor keeps: public keys and a checkpoint, as files."""
        for command, name in (("public-key", "keys"), ("checkpoint", "checkpoint")):
            code, out, err = run(command, "-c", self.config)
            assert (code, err) == (0, "")
            (folder / name).write_text(out)
        return ["--checkpoint", folder / "checkpoint", "--public-key", folder / "keys"]


@pytest.fixture
def gate(tmp_path):
    """See Gate: two decisions about Ada, one of them about Bob too, and a note."""
    gate = Gate(tmp_path / "gate")
    gate.append(
        requested("d1", gate.ada),
        disclosed("d1", gate.ada),
        requested("d2"),
        disclosed("d2", gate.bob, part=1, parts=2),
        disclosed("d2", gate.ada, recipient="=cmd", part=2, parts=2),
        Noted("n", "", what="tested", detail="é\n"),
    )
    return gate


def test_a_checkpoint_finds_what_is_cut_afterwards(gate, tmp_path):
    """Three commands: keys and checkpoint taken away, and verified against; later entries do not matter."""
    options = gate.take_away(tmp_path)
    ledger = gate.state / "ledger"
    assert run("verify", ledger, *options)[0] == 0
    gate.append(Noted("later", "", what="tested", detail=""))
    assert run("verify", ledger, *options)[0] == 0
    last = sorted(ledger.glob("*.segment"))[-2:]
    for path in last:
        path.unlink()
    assert run("verify", ledger)[0] == 0  # the chain alone does not know
    code, out, _ = run("verify", ledger, *options)
    assert code == 1
    assert "speaks of 6 entries" in out
    code, _, err = run("checkpoint", "-c", gate.config)
    assert code == 2
    assert "it was cut" in err


def test_a_checkpoint_of_somebody_else_is_a_finding(gate, tmp_path):
    """Another installation's key; half of the pair is a usage error."""
    options = gate.take_away(tmp_path)
    other = Gate(tmp_path / "other")
    other.append(Noted("n", "", what="tested", detail=""))
    assert run("public-key", "-c", other.config)[1] != (tmp_path / "keys").read_text()
    (tmp_path / "keys").write_text(run("public-key", "-c", other.config)[1])
    code, _, err = run("verify", gate.state / "ledger", *options)
    assert code == 1
    assert "no known key" in err
    assert run("verify", gate.state / "ledger", *options[:2])[0] == 2


def test_an_empty_ledger_has_nothing_to_sign(tmp_path):
    """No ledger, and one without an entry."""
    gate = Gate(tmp_path)
    assert run("checkpoint", "-c", gate.config)[0] == 2
    gate.append()
    code, out, err = run("checkpoint", "-c", gate.config)
    assert (code, out) == (2, "")
    assert "no entry" in err


@pytest.mark.parametrize(("which", "seqs"), [(["--id", "d2"], [3, 4, 5]), (["--seq", "1"], [1])])
def test_a_proof_is_checked_without_the_ledger(gate, tmp_path, which, seqs):
    """By our command, and by the single file in an interpreter without packages; a changed one by neither."""
    gate.take_away(tmp_path)
    code, proof, err = run("prove", "-c", gate.config, *which)
    assert (code, err) == (0, "")
    shutil.rmtree(gate.state)
    path, keys = tmp_path / "proof.json", tmp_path / "keys"
    command = [sys.executable, "-I", "-S", judge.__file__, "proof", str(path), "--public-key", str(keys)]
    path.write_text(proof)
    code, out, _ = run("check", path, "--public-key", keys)
    assert code == 0
    assert [json.loads(line)["seq"] for line in out.splitlines()[:-1]] == seqs
    alone = subprocess.run(command, capture_output=True, text=True, check=True)
    assert alone.stdout == out
    path.write_text(proof.replace("support", "billing"))
    assert run("check", path, "--public-key", keys)[0] == 1
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_a_ledger_is_proved_to_have_grown_only(gate, tmp_path):
    """From the checkpoint that was taken away to today's; with a rewritten ledger there is no such proof."""
    gate.take_away(tmp_path)
    gate.append(*(Noted(f"n{number}", "", what="tested", detail="") for number in range(9)))
    code, proof, _ = run("prove", "-c", gate.config, "--from", tmp_path / "checkpoint")
    assert code == 0
    path = tmp_path / "proof.json"
    path.write_text(proof)
    code, out, _ = run("check", path, "--public-key", tmp_path / "keys")
    assert (code, out) == (0, "ok: the first 6 of 15 entries are unchanged\n")
    shutil.rmtree(gate.state / "ledger")
    shutil.rmtree(gate.state / "checkpoints")
    (gate.state / "checkpoints").mkdir(mode=0o700)
    gate.append(*(Noted(f"other{number}", "", what="tested", detail="") for number in range(15)))
    code, _, err = run("prove", "-c", gate.config, "--from", tmp_path / "checkpoint")
    assert code == 2
    assert "no such proof" in err


def test_a_spoiled_tree_proves_all_the_same(gate):
    """The remembered hashes are a cache: a proof that does not fit is made from the entries."""
    run("checkpoint", "-c", gate.config)
    good = run("prove", "-c", gate.config, "--seq", "3")[1]
    tree = gate.state / "checkpoints" / "tree-0"
    data = bytearray(tree.read_bytes())
    data[5 * 32] ^= 1
    tree.write_bytes(data)
    assert run("prove", "-c", gate.config, "--seq", "3")[1] == good


@pytest.mark.parametrize("which", [[], ["--seq", "99"], ["--id", "d"], ["--seq", "1", "--id", "d1"]])
def test_what_is_not_there_is_not_proved(gate, which):
    """No entry, a part of an id, nothing or two things asked."""
    code, out, _ = run("prove", "-c", gate.config, *which)
    assert (code, out) == (2, "")


def test_a_running_proxy_signs_what_it_has(gate):
    """The process that holds the ledger is asked, and its answer is what is printed."""
    note = run("checkpoint", "-c", gate.config)[1]

    async def answer(_):
        return note

    async def main():
        holder = Ledger.open(gate.state / "ledger", now=lambda: NOON)
        try:
            async with controlled(gate.state, {"checkpoint": answer}):
                return await asyncio.to_thread(run, "checkpoint", "-c", gate.config)
        finally:
            holder.close()

    assert asyncio.run(main()) == (0, note, "")


def test_the_key_is_exchanged(gate, tmp_path):
    """The old checkpoint stays good under the list, the new one is the new key's, and both signed the change."""
    options = gate.take_away(tmp_path)
    before = (tmp_path / "keys").read_text().split()
    code, out, _ = run("public-key", "-c", gate.config, "--rotate")
    assert code == 0
    assert out.split()[:1] == before
    assert len(out.split()) == 2
    (gone,) = gate.state.glob("keys/checkpoint-*.key")
    assert gone.name == "checkpoint-2.key"
    (handover,) = gate.state.glob("checkpoints/rotated-*")
    for key in out.split():
        assert judge.open_checkpoint(handover.read_bytes(), judge.parse_keys(key)).size == 6
    newer = run("checkpoint", "-c", gate.config)[1].encode()
    judge.open_checkpoint(newer, judge.parse_keys(out.split()[1]))
    (tmp_path / "keys").write_text(out)
    assert run("verify", gate.state / "ledger", *options)[0] == 0


def test_who_was_given_the_data_of_one_person(gate):
    """By record id or pseudonym: every disclosure, and the requests that named the record."""
    code, out, _ = run("subject", "-c", gate.config, "--record", "003A")
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[1] for line in lines[:-1]] == ["asked", "disclosed", "disclosed"]
    assert "recipient acme" in lines[1]
    assert "purpose support" in lines[1]
    assert "categories user.contact.email; user.name" in lines[1]
    assert lines[0].startswith("2026-09-21T14:13:20.000Z")
    assert lines[-1] == f"2 disclosures concern {gate.ada}"
    code, told, _ = run("subject", "-c", gate.config, gate.ada, "--format", "json")
    entries = json.loads(told)["entries"]
    assert [(entry["what"], entry["seq"]) for entry in entries] == [
        ("asked", 1),
        ("disclosed", 2),
        ("disclosed", 5),
    ]
    assert entries[2]["categories"] == ["user.contact.email", "user.name"]
    nobody = run("subject", "-c", gate.config, "--record", "003a")
    assert nobody[1].startswith("0 disclosures")
    for arguments in ([], ["xyz"], [gate.ada, "--record", "003A"]):
        assert run("subject", "-c", gate.config, *arguments)[0] == 2


def test_exports_say_the_same_in_three_forms(gate):
    """The entries of the ledger, oldest first; nothing of them can act in a terminal or spreadsheet."""
    ledger = gate.state / "ledger"
    outs = {form: run("export", ledger, "--format", form)[1] for form in ("ndjson", "json", "csv")}
    entries = [json.loads(line) for line in outs["ndjson"].splitlines()]
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4, 5, 6]
    assert json.loads(outs["json"]) == entries
    rows = list(csv.DictReader(io.StringIO(outs["csv"])))
    assert [row["seq"] for row in rows] == ["1", "2", "3", "4", "5", "6"]
    assert set(rows[0]) == set(COLUMNS)
    assert rows[0]["time"] == "2026-09-21T14:13:20.000Z"
    assert rows[4]["recipient"] == "'=cmd"
    assert rows[4]["rules"] == "'=r"
    assert rows[5]["detail"] == "\\xe9\\n"
    assert all(out.isascii() for out in outs.values())
    assert all(row["other"] == "" for row in rows)


@pytest.mark.parametrize(
    ("options", "seqs"),
    [
        (["--since", "2026-09-21T14:14:20"], [2, 3, 4, 5, 6]),
        (["--since", "2026-09-21T16:14:20+02:00", "--until", "2026-09-21T14:16:20Z"], [2, 3]),
        (["--until", "2026-09-21"], []),
        (["--since", "2026-09-21", "--until", "2026-09-22"], [1, 2, 3, 4, 5, 6]),
    ],
)
def test_an_export_can_be_narrowed(gate, options, seqs):
    """From a time on, and up to but without another; UTC unless it says otherwise."""
    out = run("export", gate.state / "ledger", *options)[1]
    assert [json.loads(line)["seq"] for line in out.splitlines()] == seqs


def test_an_export_of_nothing_is_well_formed(gate):
    """An empty array, a head line alone; a time that is none is a usage error."""
    never = ["--until", "2020-01-01"]
    assert json.loads(run("export", gate.state / "ledger", "--format", "json", *never)[1]) == []
    assert run("export", gate.state / "ledger", "--format", "csv", *never)[1].splitlines() == [",".join(COLUMNS)]
    assert run("export", gate.state / "ledger", "--since", "yesterday")[0] == 2
    assert run("export", gate.state)[0] == 2


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", " =1", "\t=1", "\r@x"])
def test_a_cell_is_no_formula(cell):
    """Whatever spreadsheets take for the start of one, also behind white space."""
    assert harmless(cell) == "'" + cell
    assert harmless("a" + cell) == "a" + cell
