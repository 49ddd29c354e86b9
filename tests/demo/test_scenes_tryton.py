"""Scenes that would tell if Lychgate did not do its work: here it is not there at all."""

from collections.abc import Sequence
from typing import Any

import pytest

from proxy.demo import scenes_tryton
from proxy.demo.stage import Stage
from proxy.demo.tryton import Answer

HELD: dict[str, Any] = {
    "name": "Mara Quinn",
    "email": "mara.quinn@example.org",
    "phone": "+353861234567",
    "addresses.street": ["12 Harbour Row"],
    "addresses.city": ["Cork"],
    "identifiers.code": ["PASSPORT-LC7711220"],
    "contact_mechanisms.comment": ["Allergic", "Allergic"],
    "value": "+353861234567",
}
HIDDEN = ("addresses.street", "identifiers.code", "contact_mechanisms.comment")


class Person:
    """Answers as proteus would: fields of one party, everything else with one answer."""

    def __init__(self, held: dict[str, Any], otherwise: Answer) -> None:
        self.held, self.otherwise = held, otherwise

    def ask(self, *commands: Sequence[Any]) -> list[Answer]:
        """Return an answer for each."""
        return [self._one(command) for command in commands]

    def _one(self, command: Sequence[Any]) -> Answer:
        if command[0] != "get":
            return self.otherwise
        found = {path: self.held[path] for path in command[3] if path in self.held}
        return {"ok": {"id": 1, **found}} if found else {"fault": [1, "no"]}


REFUSED: Answer = {"fault": [1, "Your role and purpose do not allow this."]}
MASKED = {**{path: value for path, value in HELD.items() if path not in HIDDEN}, "phone": "*** *** 67"}
LISTED = {path: HELD[path] for path in ("name", "email")}
DIRECT: Any = Person(HELD, {"ok": None})


def folk(agent: dict[str, Any], marketer: dict[str, Any], officer: dict[str, Any]) -> Any:
    """Return three people who hold what they are given."""
    held = {"support agent": agent, "marketer": marketer, "privacy officer": officer}
    return {who: Person(what, REFUSED) for who, what in held.items()}


def test_what_the_policies_promise_holds() -> None:
    """With what the example policies give to each, every expectation of the table is met."""
    stage = Stage()
    scenes_tryton.same_record(stage, folk(MASKED, LISTED, HELD), DIRECT)
    assert (stage.shown, stage.failed) == (5, 0)


@pytest.mark.parametrize(
    "people",
    [
        folk(HELD, LISTED, HELD),  # the agent gets everything
        folk({**MASKED, "phone": HELD["phone"]}, LISTED, HELD),  # only the mask is missing
        folk({**MASKED, "phone": "*** *** 99"}, LISTED, HELD),  # somebody else's number
        folk({}, LISTED, HELD),  # the agent gets nothing
        folk(MASKED, MASKED, HELD),  # the marketer gets a phone
        folk(MASKED, {}, HELD),
        folk(MASKED, LISTED, MASKED),  # the officer does not get everything
    ],
)
def test_a_leak_and_a_loss_both_fail(people: Any) -> None:
    """Each row gives somebody more or less than promised, and the demo says so."""
    stage = Stage()
    scenes_tryton.same_record(stage, people, DIRECT)
    assert stage.failed > 0


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (REFUSED, 0),
        ({"ok": None}, 6),  # nothing was refused
        ({"error": "KeyError"}, 6),  # the client broke down, which is no refusal
        ({"fault": [255, "Tryton could not carry out this request."]}, 6),  # Tryton's fault, not ours
        ({"http": [503, "x"]}, 6),
    ],
)
def test_only_the_usual_fault_is_a_refusal(answer: Answer, failed: int) -> None:
    """An exception of another kind may mean anything, so it does not count as refused."""
    stage, someone = Stage(), Person(HELD, answer)
    scenes_tryton.refusals(stage, {"support agent": someone}, DIRECT)  # type: ignore[dict-item]
    assert (stage.shown, stage.failed) == (7, failed)


def test_a_mask_that_arrived_fails() -> None:
    """If the masked value was accepted, or the truth is another afterwards, the demo says so."""
    stage = Stage()
    scenes_tryton.writes(stage, Person({**MASKED, "value": "*** *** 67"}, {"ok": None}), DIRECT)  # type: ignore[arg-type]
    assert stage.failed == 2  # the mask went through, and the new number did not arrive
