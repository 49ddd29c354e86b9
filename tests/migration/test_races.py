"""What somebody else changes in the CRM while a migration goes over it stays theirs."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs

import pytest

from proxy.errors import UpstreamFault
from proxy.message import Headers, Request, Response
from proxy.migration import Counts, Journal, Migration, Walker
from proxy.migration.walkers import HubSpot, OData, Odoo, Salesforce, Tryton
from proxy.model import Protection, Protections
from proxy.sandbox import HubSpotSandbox, OdooSandbox
from proxy.sandbox.hubspot.kinds import CONTACTS
from proxy.vault import Vault
from tests.erase.conftest import TOKEN, answered
from tests.vault.conftest import MAIL, NOTES

MINE, THEIRS = "first@example.org", "theirs@example.org"
READ = datetime(2026, 11, 29, 12, 0, 0, 200_000, UTC)


class Crm(Protocol):
    """One record of one CRM, whose address somebody may change."""

    walker: Walker
    fields: Protections

    def answer(self, request: Request) -> Response: ...

    def put(self, value: str) -> None: ...

    @property
    def value(self) -> str: ...


class Versions:
    """CRMs that compare what the change shows with the record, as each of them has it."""

    def __init__(self, walker: Walker) -> None:
        self.walker = walker
        self.fields = {"Contact": {"Email": MAIL, "Notes": NOTES}}
        self.row: dict[str, str] = {"Email": MINE, "Notes": "n"}
        self.at = READ
        self.computed = ""

    @property
    def value(self) -> str:
        return self.row["Email"]

    def put(self, value: str) -> None:
        """Change it, in the same second."""
        self.at = self.at.replace(microsecond=self.at.microsecond + 100_000)
        self.row["Email"] = value

    def write(self, values: Mapping[str, str], is_current: bool) -> str:
        if not is_current:
            return "changed"
        if self.computed in values:
            return "refused"
        self.put(values.get("Email", self.value))
        self.row |= values
        return "taken"


class OverSalesforce(Versions):
    """`If-Unmodified-Since`, which has no parts of a second."""

    def answer(self, request: Request) -> Response:
        date = (("date", format_datetime(self.at, usegmt=True)),)
        if request.method == "GET":
            after = "Id > " in parse_qs(request.query)["q"][0]
            found = [] if after else [{"Id": "003000000000000001", **self.row}]
            return Response(200, Headers(date), json.dumps({"records": found}).encode())
        since = parsedate_to_datetime(request.headers.one("if-unmodified-since") or "")
        outcome = self.write(json.loads(request.body), self.at.replace(microsecond=0) <= since or self.idle)
        return Response({"taken": 204, "changed": 412, "refused": 400}[outcome])

    idle = False
    """Nobody has changed it for a while."""


class OverOData(Versions):
    """`If-Match`."""

    def answer(self, request: Request) -> Response:
        if request.method == "GET":
            rows = [{"xid": "k", **self.row, "@odata.etag": str(self.at)}]
            return Response(200, Headers(), json.dumps({"value": rows}).encode())
        is_current = request.headers.one("if-match") == str(self.at)
        outcome = self.write(json.loads(request.body), is_current)
        return Response({"taken": 204, "changed": 412, "refused": 400}[outcome])


class OverTryton(Versions):
    """`_timestamp` in the context."""

    def answer(self, request: Request) -> Response:
        method, params = (json.loads(request.body)[name] for name in ("method", "params"))
        if method.endswith("search_read"):
            assert "_timestamp" in params[4]
            result: Any = [{"id": 1, **self.row, "_timestamp": str(self.at.timestamp())}]
            if params[0] != [["id", ">", 0]] and params[0] != [["id", "=", 1]]:
                result = []
            return Response(200, Headers(), json.dumps({"id": 1, "result": result}).encode())
        _, values, context = params
        outcome = self.write(values, context["_timestamp"] == {"Contact,1": str(self.at.timestamp())})
        said: dict[str, Any] = {"result": None} if outcome == "taken" else {"error": ["UserError", "no", ""]}
        if outcome == "changed":
            said = {"error": ["ConcurrencyException", "Records were modified in the meanwhile"]}
        return Response(200, Headers(), json.dumps({"id": 1, **said}).encode())


class OverHubSpot:
    """Takes everything, and tells what was there before."""

    def __init__(self) -> None:
        self.walker = HubSpot()
        self.fields = {"contacts": {"email": _at(MAIL, "contacts", "email")}}
        self.crm = HubSpotSandbox(TOKEN, people=1)
        self.held = next(iter(self.crm.store.everything(CONTACTS)))
        self.put(MINE)

    @property
    def value(self) -> str:
        return str(self.held.values["email"])

    def put(self, value: str) -> None:
        self.crm.store.update(CONTACTS, self.held, {"email": value})

    def answer(self, request: Request) -> Response:
        return answered(self.crm, request)


class OverOdoo:
    """Takes everything, and tells nothing."""

    def __init__(self) -> None:
        self.walker = Odoo("crm", 2)
        self.fields = {"res.partner": {"email": _at(MAIL, "res.partner", "email")}}
        self.crm = OdooSandbox(TOKEN, people=1)
        rows = self.crm.database.rows["res.partner"]
        for key in [key for key, row in rows.items() if row["is_company"]]:
            rows[key]["email"] = False
        (self.row,) = [row for row in rows.values() if not row["is_company"]]
        self.put(MINE)

    @property
    def value(self) -> str:
        return str(self.row["email"])

    def put(self, value: str) -> None:
        self.row["email"] = value

    def answer(self, request: Request) -> Response:
        mark = request.headers.one("lychgate-session") or "-"
        return answered(self.crm, replace(request, body=request.body.replace(mark.encode(), TOKEN.encode())))


def _at(protection: Protection, name: str, field_: str) -> Protection:
    return replace(protection, object=name, field=field_)


CRMS: dict[str, Callable[[], Crm]] = {
    "salesforce": lambda: OverSalesforce(Salesforce()),
    "odata": lambda: OverOData(OData("/d", {"Contact": ("xs", "xid")})),
    "tryton": lambda: OverTryton(Tryton("crm")),
    "hubspot": OverHubSpot,
    "odoo": OverOdoo,
}


def is_write(request: Request) -> bool:
    """Tell a change from a look."""
    return request.method == "PATCH" or b"write" in request.body


@pytest.fixture(params=CRMS)
def crm(request: pytest.FixtureRequest) -> Crm:
    """Give each of them."""
    return CRMS[request.param]()


@pytest.fixture
def run(vault: Vault, tmp_path: Path) -> Callable[..., Counts]:
    """Return what runs a migration; `before` is called with each request, `after` once it is answered."""

    def run_one(crm: Crm, verb: str, before=lambda request: None, after=lambda request: None) -> Counts:
        async def send(request: Request) -> Response:
            before(request)
            answer = crm.answer(request)
            after(request)
            return answer

        async def sleep(_seconds: float) -> None:
            """Nobody waits."""

        made = Migration(crm.walker, send, vault.settle, crm.fields, lambda *_: None, sleep)
        journal = Journal(tmp_path / f"{verb}.json")
        return asyncio.run(made.apply(journal) if verb == "apply" else made.rollback(journal))

    return run_one


def once(crm: Crm, value: str, when: Callable[[Request], bool]) -> Callable[[Request], None]:
    """Return what changes the record at the first request that fits."""
    left = [value]

    def act(request: Request) -> None:
        if left and when(request):
            crm.put(left.pop())

    return act


@pytest.mark.parametrize("verb", ["apply", "rollback"])
def test_what_was_changed_since_the_page_was_read_stays(crm: Crm, run: Callable[..., Counts], verb: str) -> None:
    """It is counted, and the next run has no trouble with it."""
    salesforce = crm if isinstance(crm, OverSalesforce) else OverSalesforce(crm.walker)
    if verb == "rollback":
        salesforce.idle = True
        run(crm, "apply")
        assert crm.value.endswith("@t.acme.example")
    salesforce.idle = False
    counts = run(crm, verb, after=once(crm, THEIRS, lambda request: not is_write(request)))
    assert crm.value == THEIRS
    assert counts.total("changed") >= (1 if verb == "apply" else 0)
    salesforce.idle = True
    again = run(crm, "apply")
    assert (again.total("changed"), again.total("clear")) == (0, 0)
    assert crm.value.endswith("@t.acme.example")
    run(crm, "rollback")
    assert crm.value == THEIRS


def test_what_is_changed_in_the_last_moment_stays_too(crm: Crm, run: Callable[..., Counts]) -> None:
    """Between a look and the change that follows it, where the CRM compares, or tells what was there before.

    Odoo does neither: there it is written over, and the documentation says so.
    """
    counts = run(crm, "apply", before=once(crm, THEIRS, is_write))
    if isinstance(crm, OverOdoo):
        assert crm.value.endswith("@t.acme.example")
        return
    assert (crm.value, counts.total("changed") >= 1) == (THEIRS, True)


def test_what_is_changed_right_afterwards_is_theirs(crm: Crm, run: Callable[..., Counts]) -> None:
    """It may be in clear: who counts tells so, and the next run protects it."""
    counts = run(crm, "apply", after=once(crm, THEIRS, is_write))
    assert (crm.value, counts.total("clear") > 0) == (THEIRS, True)


def test_one_field_that_is_not_taken_costs_the_others_nothing(run: Callable[..., Counts]) -> None:
    """The record has another version after each change; fields that are not taken are refused, not changed."""
    for make in (CRMS["odata"], CRMS["tryton"]):
        crm = make()
        assert isinstance(crm, Versions)
        crm.computed = "Notes"
        counts = run(crm, "apply")
        assert (counts.total("refused"), counts.total("changed")) == (1, 0)
        assert crm.value.endswith("@t.acme.example")


@pytest.mark.parametrize("arrives", [True, False])
def test_nothing_is_repeated_without_a_look(run: Callable[..., Counts], arrives: bool) -> None:
    """An answer is lost, somebody changes the record while we wait, and we do not write over it."""
    for make in (OverHubSpot, OverOdoo):
        crm, lost = make(), [True]
        answer = crm.answer

        def lose(request: Request, crm=crm, lost=lost, answer=answer) -> Response:
            if is_write(request) and lost:
                lost.pop()
                if arrives:
                    answer(request)
                crm.put(THEIRS)
                raise UpstreamFault("no_answer")
            return answer(request)

        crm.answer = lose  # type: ignore[method-assign]
        counts = run(crm, "apply")
        assert (crm.value, counts.total("changed")) == (THEIRS, 1)
