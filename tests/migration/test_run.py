"""A migration seals everything once, however often it dies, and the way back leaves nothing sealed."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from proxy.crypto import digits
from proxy.errors import UpstreamFault
from proxy.message import Headers, Request, Response
from proxy.migration import Journal, Migration, Unfinished
from proxy.migration.run import STATES
from proxy.migration.walkers import PAGE, Salesforce
from proxy.vault import Put, Sending, Vault, rows
from proxy.vault.vault import is_protected
from tests.vault.conftest import MAIL, NOTES, NUMBER, TAX, Clock

FIELDS = {"Contact": {"Email": MAIL, "Notes": NOTES}}
PEOPLE = PAGE + 7


class Killed(BaseException):
    """Stands for the end of the process."""


class Crm:
    """Salesforce as far as a migration goes, and a process that dies at a given request."""

    def __init__(self) -> None:
        self.rows = {
            f"003{number:015d}": {"Email": f"p{number}@example.org", "Notes": "n" if number % 2 else None}
            for number in range(1, PEOPLE + 1)
        }
        self.calls = 0
        self.dies_at: int | None = None
        self.before: list[Response | UpstreamFault] = []
        """Answered before anything is done."""
        self.computed: set[str] = set()

    async def send(self, request: Request) -> Response:
        """Answer."""
        self.calls += 1
        if self.before:
            said = self.before.pop()
            if isinstance(said, UpstreamFault):
                raise said
            return said
        if request.method == "GET":
            answer = self._listed(parse_qs(request.query)["q"][0])
        else:
            answer = self._written(request)
        if self.calls == self.dies_at:
            raise Killed
        return answer

    def _listed(self, query: str) -> Response:
        after = query.partition("Id > '")[2].partition("'")[0]
        if key := query.partition("Id = '")[2].partition("'")[0]:
            return Response(200, Headers(), json.dumps({"records": [{"Id": key, **self.rows[key]}]}).encode())
        found = [{"Id": key, **row} for key, row in sorted(self.rows.items()) if key > after][:PAGE]
        return Response(200, Headers(), json.dumps({"records": found}).encode())

    def _written(self, request: Request) -> Response:
        values = json.loads(request.body)
        if self.computed & values.keys():
            return Response(400, Headers(), b"[]")
        self.rows[request.path.rpartition("/")[2]].update(values)
        return Response(204)

    def clear(self) -> int:
        """Return how many values lie in clear."""
        return sum(
            str(row["Email"]).endswith("@example.org") + (row["Notes"] == "n") for row in self.rows.values()
        )


def migration(crm: Crm, vault: Vault, waits: list[float] | None = None) -> Migration:
    """Return one over the CRM; nobody waits."""

    async def sleep(seconds: float) -> None:
        if waits is not None:
            waits.append(seconds)

    return Migration(Salesforce(), crm.send, vault.settle, FIELDS, lambda _name, _seen: None, sleep)


@pytest.fixture
def journal(tmp_path: Path) -> Callable[[], Journal]:
    """Return what reads the journal as the next process does."""
    return lambda: Journal.open(tmp_path / "protect" / "crm-apply.json")


def test_everything_is_sealed_and_counted_by_looking_again(vault: Vault, journal: Callable[[], Journal]) -> None:
    """What is claimed is what the CRM says afterwards; an empty field stays empty."""
    crm = Crm()
    before = asyncio.run(migration(crm, vault).plan())
    assert (before.total("clear"), before.total("empty")) == (crm.clear(), PEOPLE // 2)
    counts = asyncio.run(migration(crm, vault).apply(journal()))
    assert crm.clear() == 0
    none = dict.fromkeys(STATES, 0)
    assert counts.found == {
        "Contact.Email": none | {"protected": PEOPLE},
        "Contact.Notes": none | {"protected": PEOPLE - PEOPLE // 2, "empty": PEOPLE // 2},
    }


def test_killed_at_any_request_it_is_taken_up(
    vault: Vault, journal: Callable[[], Journal], clock: Clock
) -> None:
    """After some requests of the rest each time, until it comes to its end; nothing is sealed twice or lost."""
    crm, runs = Crm(), 0
    truth = {key: dict(row) for key, row in crm.rows.items()}
    while True:
        runs += 1
        crm.dies_at = crm.calls + 3 + runs
        try:
            counts = asyncio.run(migration(crm, vault).apply(journal()))
            break
        except Killed:
            assert runs < 60
            clock.seconds += rows.IN_FLIGHT  # what was under way then is not any more
    assert runs > 3
    assert crm.clear() == counts.total("clear") == 0
    crm.dies_at = None
    with vault.store.read() as connection:  # what was sealed when the process died, and not written, is gone
        assert rows.counted(connection)["crm", "Contact", "Email"] == PEOPLE
    left = asyncio.run(migration(crm, vault).rollback(Journal(journal().path.with_name("back.json"))))
    assert left.total("protected") == 0
    assert {key: dict(row) for key, row in crm.rows.items()} == truth
    with vault.store.read() as connection:
        assert rows.counted(connection) == {}


def test_the_crm_is_left_alone_as_long_as_it_asks(vault: Vault, journal: Callable[[], Journal]) -> None:
    """429 with a number of seconds, a lost answer, and then it goes on."""
    crm, waits = Crm(), list[float]()
    crm.before = [UpstreamFault("upstream_lost"), Response(429, Headers((("retry-after", "17"),)))]
    asyncio.run(migration(crm, vault, waits).plan())
    assert waits == [17.0, 2.0]
    crm.before = [Response(503)] * 9
    with pytest.raises(Unfinished, match="run it again later"):
        asyncio.run(migration(crm, vault, waits).apply(journal()))
    crm.before = [Response(403)]
    with pytest.raises(Unfinished, match="does not list Contact"):
        asyncio.run(migration(crm, vault, waits).plan())


def test_one_field_that_the_crm_does_not_take_keeps_no_other_out(
    vault: Vault, journal: Callable[[], Journal]
) -> None:
    """As one that it computes; and what is too long for its field is left and told."""
    crm = Crm()
    crm.computed = {"Notes"}
    crm.rows["003000000000000001"]["Notes"] = "x" * 141
    counts = asyncio.run(migration(crm, vault).apply(journal()))
    assert counts.found["Contact.Email"]["protected"] == PEOPLE
    notes = PEOPLE - PEOPLE // 2
    assert (counts.found["Contact.Notes"]["clear"], counts.found["Contact.Notes"]["refused"]) == (notes, notes)


def test_what_nobody_can_open_is_left_and_told(vault: Vault, journal: Callable[[], Journal]) -> None:
    """A token in another record than its own is nobody's to write down in clear."""
    crm = Crm()
    asyncio.run(migration(crm, vault).apply(journal()))
    one, other, *_ = crm.rows.values()
    other["Email"] = one["Email"]
    counts = asyncio.run(migration(crm, vault).rollback(Journal(journal().path.with_name("back.json"))))
    row = counts.found["Contact.Email"]
    assert (row["unreadable"], row["protected"], row["clear"]) == (1, 0, PEOPLE - 1)


LOOK_ALIKES = {
    "Email": "tabcdefghijklmnopqrstuvwxyz@elsewhere.example.org",  # anybody can have such an address
    "Notes": "ld1.VGhpcyB0ZXh0IGxvb2tzIGxpa2Ugb3Vycw",
}


@pytest.mark.parametrize("field", LOOK_ALIKES)
def test_what_only_looks_protected_is_told(vault: Vault, journal: Callable[[], Journal], field: str) -> None:
    """It lies in clear, and nobody can tell: it is unreadable, before and after, and its record is named."""
    crm, key = Crm(), "003000000000000001"
    crm.rows[key][field] = LOOK_ALIKES[field]
    for counts in (
        asyncio.run(migration(crm, vault).plan()),
        asyncio.run(migration(crm, vault).apply(journal())),
        asyncio.run(migration(crm, vault).plan()),
    ):
        assert counts.found[f"Contact.{field}"]["unreadable"] == 1
        assert counts.unreadable == [("Contact", key, field)]
    assert counts.total("clear") == 0
    assert crm.rows[key][field] == LOOK_ALIKES[field]


def test_every_kind_of_look_alike_is_told(vault: Vault) -> None:
    """Ciphertext that is of no field here, and a number whose last digits fit by chance, as one in a million."""
    crm, one = Crm(), migration(Crm(), vault)
    mail, notes = replace(TAX, field="Email"), replace(NUMBER, field="Notes")
    one.send, one.protections = crm.send, {"Contact": {"Email": mail, "Notes": notes}}
    puts = Put(mail, "IE 1234567", "x", 0), Put(notes, "123456789", "x", 0)
    tax, number = (each.text for each in vault.settle(Sending(puts=puts)).placed)
    for row in crm.rows.values():
        row |= {"Email": tax, "Notes": number}
    assert asyncio.run(one.plan()).total("protected") == 2 * PEOPLE
    by_chance = "123456789012345" + digits._public("123456789012345")
    assert is_protected(by_chance)
    crm.rows["003000000000000001"] |= {"Email": tax[:-6] + "AAAAAA", "Notes": by_chance}
    counts = asyncio.run(one.plan())
    assert (counts.total("protected"), counts.total("unreadable")) == (2 * PEOPLE - 2, 2)
    assert [each[1] for each in counts.unreadable] == ["003000000000000001"] * 2


def test_a_change_whose_answer_is_lost_loses_no_value(vault: Vault, journal: Callable[[], Journal]) -> None:
    """The CRM took it, and refuses the repetition, since the record was changed meanwhile: by us."""
    crm = Crm()
    truth = {key: dict(row) for key, row in crm.rows.items()}
    taken: set[str] = set()

    async def send(request: Request) -> Response:
        if request.method == "GET":
            return await crm.send(request)
        if request.path in taken:
            return Response(412)
        taken.add(request.path)
        await crm.send(request)
        raise UpstreamFault("no_answer")

    one = migration(crm, vault)
    one.send = send
    counts = asyncio.run(one.apply(journal()))
    assert (counts.total("clear"), counts.total("refused")) == (0, 0)
    asyncio.run(migration(crm, vault).rollback(Journal(journal().path.with_name("back.json"))))
    assert {key: dict(row) for key, row in crm.rows.items()} == truth


def test_what_is_no_text_is_not_said_to_be_nothing(vault: Vault) -> None:
    """A number that a CRM has in a protected field is in clear as long as it is there."""
    crm = Crm()
    next(iter(crm.rows.values()))["Notes"] = 7  # type: ignore[assignment]
    counts = asyncio.run(migration(crm, vault).plan())
    assert counts.total("clear") == crm.clear() + 1
