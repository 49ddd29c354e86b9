"""SIGKILL at every boundary of the real process, twice in a row: always the same end.

The suite takes a few of the boundaries, spread over all; `STRIDE=1 pytest tests/erase/test_sigkill.py` takes
each one, `STRIDE=10` every tenth, `FIRST=200` those from the 200th on.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proxy.demo.installation import LaneOf, make_installation
from proxy.ledger.verify import verify
from proxy.sandbox import Answer, Call, SalesforceSandbox, Sandbox, running
from tests.e2e.reading import entries_of
from tests.erase.conftest import AOIFE, TOKEN
from tests.erase.forking import Ended, Forker

ROUNDS = 6
FEWEST = 100
"""Boundaries that a whole erasure has at least, or they are not seen."""
AGREE = ("--key-file", "officer.key", "--purpose", "subject_request")


class Anew(Sandbox):
    """A CRM that begins anew behind the same address."""

    def __init__(self) -> None:
        super().__init__(TOKEN)
        self.begin()

    def begin(self) -> None:
        """Have everybody be there again."""
        self.inner = SalesforceSandbox(TOKEN)
        self.calls.clear()

    def answer(self, call: Call) -> Answer:
        """Do what the call asks for."""
        return self.inner.answer(call)

    def people(self) -> list[dict[str, object]]:
        """Return everybody who is still there, in the bin too."""
        return self.inner.people()


class Desk:
    """An installation whose case is agreed to, again and again from the same bytes."""

    def __init__(self, crm: Anew, url: str, folder: Path, forker: Forker) -> None:
        self.crm = crm
        self.folder = folder / "home"
        self._kept = folder / "kept"
        self._forker = forker
        made = make_installation(self.folder, {"salesforce": LaneOf(0, url, TOKEN)}, admin=0)
        (self.folder / "officer.key").write_text(made.keys["privacy_desk"], "utf-8")
        about = ("--email", AOIFE, "--ground", "objection", "--identity", "account")
        self.case = self.told(self.does("open", *about))["case"]
        short = self.told(self.does("plan", self.case))["short"]
        assert self.does("confirm", self.case, "--hash", short, *AGREE).code == 0
        subprocess.run(["cp", "-a", "--sparse=always", self.folder, self._kept], check=True)

    def begin(self) -> None:
        """Have everything be as it was when it was agreed to."""
        shutil.rmtree(self.folder)
        subprocess.run(["cp", "-a", "--sparse=always", self._kept, self.folder], check=True)
        self.crm.begin()

    def does(self, *words: str, die_at: int = 0) -> Ended:
        """Return how a command ended."""
        return self._forker.run(self.folder, "erasure", *words, "--format", "json", die_at=die_at)

    @staticmethod
    def told(ended: Ended) -> dict[str, Any]:
        """Return what it said."""
        assert ended.code == 0, ended.said
        return json.loads([line for line in ended.said.splitlines() if line.startswith("{")][-1])

    def end(self) -> tuple[list[Any], set[tuple[str, str]]]:
        """Return the findings and what was done, once the case is run to its end; everything else is checked."""
        case = self.told(self.does("run", self.case))["cases"][0]
        assert case["state"] == "live_complete", case
        assert not [row for row in self.crm.people() if "aoife" in str(row).casefold()]
        entries = [entry for entry in entries_of(self.folder / "state" / "ledger") if entry["kind"] == "erasure"]
        assert [entry["what"] for entry in entries].count("certified") == 1
        assert len(case["issued"]) == 1
        assert verify(self.folder / "state" / "ledger").exit_code == 0
        deeds = [call for call in self.crm.calls if call.method in {"DELETE", "PATCH"}]
        assert len({(call.method, call.path) for call in deeds}) == len(deeds), deeds
        outcomes = [entry["step"] for entry in entries if entry["what"] == "outcome" and entry["how"] == "done"]
        assert len(outcomes) == len(set(outcomes))
        return case["findings"], {(call.method, call.path) for call in deeds}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One CRM, one installation, one process that forks."""
    crm = Anew()
    with running(crm) as there, Forker() as forker:
        yield Desk(crm, there.url, tmp_path_factory.mktemp("sigkill"), forker)


def test_sigkill_at_every_boundary_and_once_more_ends_the_same(desk: Desk) -> None:
    """Counted by a run that nobody disturbs; then each run dies at one, the next at another, and one goes on."""
    desk.begin()
    whole = desk.does("run", desk.case)
    assert whole.boundaries > FEWEST
    expected = desk.end()
    stride = int(os.environ.get("STRIDE", whole.boundaries // ROUNDS))
    first = int(os.environ.get("FIRST", "1"))
    for number in range(first, whole.boundaries + 1, stride):
        desk.begin()
        assert desk.does("run", desk.case, die_at=number).killed, number
        again = desk.does("run", desk.case, die_at=1 + number * 7 % 41)
        assert again.killed or number > whole.boundaries - 41, number
        assert desk.end() == expected, number
