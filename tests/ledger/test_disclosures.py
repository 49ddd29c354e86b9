"""Who was told about whom, read from a real ledger."""

import json
from pathlib import Path

import pytest

from proxy.ledger.disclosures import Disclosures, Told
from proxy.ledger.segment import frame, path_of


class Written:
    """A ledger as it lies on the disk, with room behind its last entry."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seq = 0
        self.begin()

    def begin(self) -> None:
        """Begin a further segment."""
        self._path = path_of(self.folder, self.seq + 1)
        self._path.write_bytes(bytes(4096))
        self._end = 0

    def add(self, recipient: str, *people: str, kind: str = "disclosed") -> None:
        """Write an entry."""
        self.seq += 1
        entry = {
            "kind": kind,
            "seq": self.seq,
            "time_ms": self.seq * 1000,
            "lane": "crm",
            "recipient": recipient,
            "subjects": people,
        }
        self.put(frame((json.dumps(entry, separators=(",", ":")) + "\n").encode()))

    def put(self, data: bytes) -> None:
        """Write bytes behind the last entry."""
        with self._path.open("r+b") as file:
            file.seek(self._end)
            file.write(data)
        self._end += len(data)


@pytest.fixture
def ledger(tmp_path: Path) -> Written:
    """Two segments."""
    made = Written(tmp_path)
    made.add("mailer", "p1", "p2")
    made.add("desk", "p2")
    made.begin()
    made.add("mailer", "p1")
    made.add("mailer", "p1", kind="requested")
    return made


def test_an_entry_about_two_of_them_is_one(ledger: Written) -> None:
    """By recipient, since the first; what is no disclosure tells nobody anything."""
    found = Disclosures(ledger.folder)
    assert found.about({"p1", "p2"}) == {"mailer": Told(2, 1, ("crm",)), "desk": Told(1, 2, ("crm",))}
    assert found.about({"p2"}) == {"mailer": Told(1, 1, ("crm",)), "desk": Told(1, 2, ("crm",))}
    assert found.about({"p3"}) == {}


def test_only_what_is_new_is_read(ledger: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    """For those who were announced, whatever has been written since, in a further segment too."""
    read: list[str] = []
    found, take = Disclosures(ledger.folder), Disclosures._take
    monkeypatch.setattr(Disclosures, "_take", lambda self, line: (read.append(line), take(self, line))[1])
    assert found.about({"p1"}, lambda: ["p2"]) == {"mailer": Told(2, 1, ("crm",))}
    assert len(read) == 4
    assert found.about({"p2"}) == {"mailer": Told(1, 1, ("crm",)), "desk": Told(1, 2, ("crm",))}
    ledger.add("desk", "p2")
    ledger.begin()
    ledger.add("broker", "p1")
    assert found.about({"p2"}) == {"mailer": Told(1, 1, ("crm",)), "desk": Told(2, 2, ("crm",))}
    assert found.about({"p1"})["broker"] == Told(1, 6, ("crm",))
    assert len(read) == 6
    assert found.about({"p3"}) == {}  # nobody had said so: from the beginning
    assert len(read) == 12


def test_a_frame_that_is_being_written_is_read_later(ledger: Written) -> None:
    """Half of one is the end for now; the rest makes it an entry."""
    found = Disclosures(ledger.folder)
    found.about({"p1"})
    entry = {
        "kind": "disclosed",
        "lane": "crm",
        "seq": 5,
        "time_ms": 5000,
        "recipient": "desk",
        "subjects": ["p1"],
    }
    whole = frame((json.dumps(entry, separators=(",", ":")) + "\n").encode())
    ledger.put(whole[:20])
    assert "desk" not in found.about({"p1"})
    ledger.put(whole[20:])
    assert found.about({"p1"})["desk"] == Told(1, 5, ("crm",))


def test_damage_in_the_middle_hides_nobody(ledger: Written) -> None:
    """What is behind it is read all the same."""
    ledger.put(b"\xff" * 40)
    ledger.add("desk", "p1")
    ledger.begin()
    ledger.add("broker", "p1")
    found = Disclosures(ledger.folder)
    assert found.about({"p1"}) == {
        "mailer": Told(2, 1, ("crm",)),
        "desk": Told(1, 5, ("crm",)),
        "broker": Told(1, 6, ("crm",)),
    }
    assert found.about({"p1"}).keys() == {"mailer", "desk", "broker"}
