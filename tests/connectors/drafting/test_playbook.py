"""The playbook that a draft comes with: taken out of its comments, it erases somebody from such an API."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from proxy.connectors import load_connector
from proxy.connectors.drafting.openapi import draft
from proxy.erasure import Known, State
from proxy.sandbox import Answer, Call, Fault, Sandbox, StoppedClock
from tests.connectors.drafting.test_openapi import SPEC
from tests.erase import conftest
from tests.erase.conftest import TOKEN, World

AOIFE = "aoife@example.org"


class Orchard(Sandbox):
    """The API of the document, with two people in it."""

    def __init__(self) -> None:
        super().__init__(TOKEN)
        names = ("Aoife", "Mara", "Aoife")
        self.rows = {
            str(at): {"id": at, "firstName": name, "email": f"{name.lower()}@example.org"}
            for at, name in enumerate(names, 1)
        }

    def people(self) -> list[dict[str, object]]:
        """Return copies of every person."""
        return [dict(row) for row in self.rows.values()]

    def answer(self, call: Call) -> Answer:
        """Do what the document says."""
        match call.method, call.segments[3:]:
            case "GET", ():
                mail = call.argument("email")
                return Answer(200, {"people": [row for row in self.rows.values() if row["email"] == mail]})
            case method, (key,) if key in self.rows:
                if method == "PATCH":
                    self.rows[key] |= json.loads(call.body)["person"]
                if method == "DELETE":
                    del self.rows[key]
                return Answer(200, self.rows[key]) if method == "GET" else Answer(204)
        return Answer(404, {"error": {"code": "not_found"}})


def uncommented(text: str) -> str:
    """Return a draft whose playbook is used, as a person would do it."""
    head, mark, section = text.partition("# erasure:\n")
    return head + re.sub("^# ", "", mark + section, flags=re.MULTILINE)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world with that CRM, and the drafted connector."""
    path = tmp_path / "orchard.yaml"
    path.write_text(uncommented(draft(SPEC.encode(), name="orchard")), "utf-8")
    connector = load_connector(path)
    monkeypatch.setattr(conftest, "connector_of", lambda lane: connector)
    return World(StoppedClock(), {"orchard": Orchard()})


def erased(world: World):
    """Return the case once it is run as far as it goes."""
    world.open(Known("email", AOIFE))
    asyncio.run(world.eraser().drive("case0001"))
    world.agree()
    return asyncio.run(world.eraser().drive("case0001"))


def test_it_erases_somebody_with_all_records_of_one_address(world: World) -> None:
    """Both records are gone, the other person is not."""
    case = erased(world)
    assert case.state is State.LIVE_COMPLETE, case.findings
    assert [row["firstName"] for row in world.crms["orchard"].people()] == ["Mara"]


def test_it_does_not_believe_what_it_is_told(world: World) -> None:
    """204, and nobody is gone: no certificate."""
    world.crms["orchard"].faults.add(Fault("lie", method="DELETE", times=-1))
    assert erased(world).issued == ()


def test_a_document_that_tells_too_little_has_none() -> None:
    """Without a delete, or a condition on an address, nothing is guessed."""
    for there, instead in (("delete: {responses", "options: {responses"), ("name: email, in", "name: mood, in")):
        text = draft(SPEC.replace(there, instead).encode(), name="orchard")
        assert "# erasure:" not in text
