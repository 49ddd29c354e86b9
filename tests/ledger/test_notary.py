"""Checkpoints are published beside the appending, survive a crash, and are held against the ledger at start."""

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from proxy.crypto.notekeys import NoteKeys
from proxy.errors import LedgerError
from proxy.ledger import Ledger, Notary, merkle
from proxy.ledger import verify as judge
from proxy.ledger.published import place_of
from proxy.ledger.tiles import Tiles

NAME = "lychgate.example/ledger"


class Place:
    """A state folder with a ledger, and how to make a notary on it."""

    def __init__(self, state, open_ledger, entry):
        self.state = state
        self.folder = state / "checkpoints"
        self.witness = state / "witness"
        (state / "keys").mkdir()
        self.witness.mkdir()
        self.keys = NoteKeys(state / "keys", self.folder / "public-keys", NAME)
        self._open = open_ledger
        self._entry = entry
        self.ledger = open_ledger()

    def notary(self, **options):
        """A notary that has resumed."""
        given = {"every": 3600, "witness": self.witness} | options
        notary = Notary(self.state / "ledger", self.folder, self.keys, self.ledger.head, **given)
        notary.resume()
        return notary

    def append(self, count):
        """Append notes in one go."""

        async def fill():
            await asyncio.gather(*(self.ledger.append(self._entry(f"n{n}", "x" * 100)) for n in range(count)))

        asyncio.run(fill())

    def again(self):
        """Close the ledger and open what is in the folder."""
        self.ledger.close()
        self.ledger = self._open()

    def check(self, note):
        """Verify the ledger against a note."""
        signed = judge.open_checkpoint(note, judge.parse_keys(self.keys.public()))
        return signed, judge.verify(self.state / "ledger", checkpoint=signed, pauses=())

    def lines(self):
        """Every line of the ledger."""
        return [line.encode() for _, _, line in judge.read_entries(self.state / "ledger")]


@pytest.fixture
def place(tmp_path, open_ledger, entries):
    """See Place."""
    return Place(tmp_path, open_ledger, entries["noted"])


def test_a_checkpoint_speaks_of_everything_durable(place):
    """Over several segments, several steps and several runs; the verifier agrees each time."""
    notary = place.notary()
    assert notary.step() == b""
    for count in (1, 300, 1, 400):
        place.append(count)
        assert notary.unsigned == count
        note = notary.step()
        signed, report = place.check(note)
        assert (signed.size, signed.origin) == (place.ledger.head()[0], NAME)
        assert (report.problem_count, notary.unsigned, notary.failing) == (0, 0, "")
        assert (place.folder / "checkpoint").read_bytes() == note
        if count == 300:
            place.again()
            notary = place.notary()
            assert notary.unsigned == 0
    assert len(list((place.state / "ledger").glob("*.segment"))) > 2
    assert notary.step() == note  # nothing new is nothing to sign
    tree = Tiles(place.folder)
    for index in (0, 255, 256, 701):
        proof = merkle.inclusion(tree.subtree, index, signed.size)
        leaf = judge.leaf_hash(place.lines()[index])
        assert judge.root_by_inclusion(leaf, index, signed.size, proof) == signed.root


def test_it_signs_by_itself_and_when_it_closes(place):
    """The thread publishes, and the last checkpoint is over the last entry although the ledger is closed."""
    notary = place.notary()
    notary.start()
    place.append(5)
    place.ledger.close()
    notary.close()
    signed, report = place.check((place.folder / "checkpoint").read_bytes())
    assert (signed.size, report.problem_count) == (5, 0)
    (written,) = place_of(place.witness, NAME).iterdir()
    assert written.name == "00000000000000000005.checkpoint"


def test_the_second_folder_is_only_added_to(place):
    """Every file stays as it was written; a folder that is gone is told, and appending goes on."""
    notary = place.notary()
    place.append(1)
    first = notary.step()
    place.append(1)
    second = notary.step()
    folder = place_of(place.witness, NAME)
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == [first, second]
    shutil.rmtree(place.witness)
    place.append(1)
    third = notary.step()
    assert "second folder" in notary.failing
    assert (place.folder / "checkpoint").read_bytes() == third
    place.witness.mkdir()
    notary.step()
    assert notary.failing == ""
    assert [path.read_bytes() for path in folder.iterdir()] == [third]


def older_copy(place):
    """Put the ledger back to how it was two entries ago, everything on this disk included."""
    notary = place.notary()
    place.append(3)
    notary.step()
    shutil.copytree(place.state / "ledger", place.state / "old-ledger")
    shutil.copytree(place.folder, place.state / "old-checkpoints")
    place.append(2)
    notary.step()
    place.ledger.close()
    for name in ("ledger", "checkpoints"):
        shutil.rmtree(place.state / name)
        (place.state / f"old-{name}").rename(place.state / name)
    place.again()


def test_an_older_copy_is_refused_at_start(place):
    """Ledger and own checkpoints together are consistent; the second folder remembers more."""
    older_copy(place)
    with pytest.raises(LedgerError, match="speaks of 5"):
        place.notary()
    place.notary(witness=None)  # without it nobody could know


def test_a_file_that_is_no_checkpoint_does_not_hide_the_others(place):
    """A half-written file of a crash, or somebody's rubbish, is passed over."""
    older_copy(place)
    (place_of(place.witness, NAME) / "00000000000000000009.checkpoint").write_bytes(b"lych")
    with pytest.raises(LedgerError, match="speaks of 5"):
        place.notary()


def test_a_ledger_written_anew_is_refused_at_start(place, entries):
    """As many entries, a whole chain, and other content."""
    notary = place.notary()
    place.append(3)
    notary.step()
    place.ledger.close()
    shutil.rmtree(place.state / "ledger")
    place.again()
    place._entry = lambda name, _: entries["noted"](name, "another")
    place.append(3)
    with pytest.raises(LedgerError, match="not those that were signed"):
        place.notary()


def test_a_checkpoint_that_nobody_signed_is_refused_at_start(place):
    """Damage beside the ledger is told, and not taken for a fresh start."""
    notary = place.notary()
    place.append(3)
    note = notary.step()
    (place.folder / "checkpoint").write_bytes(note.replace(b"\n3\n", b"\n2\n"))
    with pytest.raises(LedgerError, match="wrong"):
        place.notary()


@pytest.mark.parametrize("damage", ["gone", "short", "long", "other"])
def test_the_tree_is_made_again(place, damage):
    """It is a cache: whatever happens to it, the next checkpoint is right."""
    notary = place.notary()
    place.append(700)
    notary.step()
    tree = place.folder / "tree-0"
    if damage == "gone":
        tree.unlink()
    elif damage == "short":
        tree.write_bytes(tree.read_bytes()[:-40])
    elif damage == "long":
        tree.write_bytes(tree.read_bytes() + bytes(90))
    else:
        tree.write_bytes(bytes(len(tree.read_bytes())))
    notary = place.notary()
    place.append(10)
    signed, report = place.check(notary.step())
    assert (signed.size, report.problem_count) == (710, 0)
    lines = [merkle.leaf_hash(line) for line in place.lines()]
    assert merkle.root(lambda bits, at: merkle.fold(lines[at << bits : (at + 1) << bits]), 710) == signed.root


def test_a_step_that_broke_off_is_made_good(place, monkeypatch):
    """The disk is full in the middle of the tree: the step fails, the next one is right."""
    notary = place.notary()
    place.append(300)
    notary.step()
    place.append(600)
    whole = Tiles.append
    calls = []

    def breaks(tiles, leaves):
        whole(tiles, leaves)
        calls.append(1)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Tiles, "append", breaks)
    with pytest.raises(OSError, match="space"):
        notary.step()
    monkeypatch.undo()
    assert calls
    signed, report = place.check(notary.step())
    assert (signed.size, report.problem_count) == (900, 0)


def test_a_new_key_signs_and_the_old_public_key_is_kept(place):
    """The running notary takes up the key; older notes stay good, and the old private key is gone."""
    notary = place.notary()
    place.append(2)
    first = notary.step()
    old, new = place.keys.rotate()
    place.keys.retire()
    second = notary.step()
    assert (first != second, len(place.keys.public().split())) == (True, 2)
    assert place.check(first)[0] == place.check(second)[0]
    judge.open_checkpoint(second, judge.parse_keys(new.verification_key))
    with pytest.raises(judge.Unproved):
        judge.open_checkpoint(second, judge.parse_keys(old.verification_key))
    assert [path.name for path in (place.state / "keys").iterdir()] == ["checkpoint-2.key"]
    place.again()
    assert place.notary().unsigned == 0


CHILD = """
import asyncio, sys, time
from pathlib import Path
from proxy.crypto.notekeys import NoteKeys
from proxy.ledger import Ledger, Notary
from proxy.model import Noted

state = Path(sys.argv[1])
ledger = Ledger.open(state / "ledger", now=time.time, segment_bytes=65536)
keys = NoteKeys(state / "keys", state / "checkpoints" / "public-keys", "lychgate.example/ledger")
notary = Notary(state / "ledger", state / "checkpoints", keys, ledger.head, every=0.002)
notary.resume()
notary.start()
print("up", flush=True)

async def life():
    while True:
        await asyncio.gather(*(ledger.append(Noted("n", "", what="tested", detail="x" * 99)) for _ in range(20)))

asyncio.run(life())
"""


def test_a_kill_between_append_and_checkpoint_costs_nothing(tmp_path):
    """SIGKILL under load, ten times: it opens, goes on, and every checkpoint it ever left still holds."""
    (tmp_path / "keys").mkdir()
    left = []
    for life in range(10):
        command = [sys.executable, "-c", CHILD, str(tmp_path)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
        assert child.stdout.readline() == b"up\n"
        asyncio.run(asyncio.sleep(0.02 + 0.013 * life))
        os.kill(child.pid, signal.SIGKILL)
        child.wait(20)
        child.stdout.close()
        if (tmp_path / "checkpoints" / "checkpoint").exists():
            left.append((tmp_path / "checkpoints" / "checkpoint").read_bytes())
    keys = judge.parse_keys((tmp_path / "checkpoints" / "public-keys").read_text())
    signed = [judge.open_checkpoint(note, keys) for note in left]
    sizes = [one.size for one in signed]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 0
    lines = [line.encode() for _, _, line in judge.read_entries(tmp_path / "ledger")]
    roots, at = judge.Roots(), {}
    for line in lines:
        roots.add(judge.leaf_hash(line))
        if roots.size in sizes:
            at[roots.size] = roots.root()
    assert [at[one.size] for one in signed] == [one.root for one in signed]
    assert base64.b64encode(signed[-1].root).decode() in left[-1].decode()
    ledger = Ledger.open(tmp_path / "ledger", now=lambda: 1.0)
    try:
        note_keys = NoteKeys(tmp_path / "keys", tmp_path / "checkpoints" / "public-keys", NAME)
        notary = Notary(tmp_path / "ledger", tmp_path / "checkpoints", note_keys, ledger.head, every=3600)
        notary.resume()
        last = judge.open_checkpoint(notary.step(), keys)
    finally:
        ledger.close()
    assert last.size == ledger.head()[0] >= len(lines)
    assert judge.verify(tmp_path / "ledger", checkpoint=last, pauses=()).problem_count == 0
