"""What is written over a value: never what the caller was shown in its place, and never what nobody judged."""

import pytest

from proxy.errors import Gap, Undecodable
from proxy.exchange import Exchange
from proxy.message import Record, Tree
from proxy.model import Action
from proxy.writes import check_writes
from tests.enforce.conftest import RECORD, Stand, http

RULES = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: writes}
grants:
  - id: agents-write
    effect: allow
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {objects: [Contact], fields: [Description, Email, Title, LeadSource, Fax, LastName]}
    actions: [create, update]
  - id: irish-lead-source
    effect: allow
    roles: [support_agent]
    purposes: [customer_support]
    recipients: [helpdesk_app]
    on: {objects: [Contact], fields: [LeadSource]}
    actions: [read]
    when: has(resource.country) && resource.country == "Ireland"
guards:
  - id: opted-out
    effect: redact
    on: {objects: [Contact], fields: [Email]}
    actions: [list]
    when: resource.opted_out
"""
MASKED = b"looks like one that was masked on the way out"


@pytest.fixture
def ruled(stand: Stand) -> Stand:
    """Return the lane with agents who may write what they do not see."""
    (stand.app.config.policies / "writes.yaml").write_text(RULES)
    stand.app.reload()
    stand.upstream.answer = http("204 No Content", b"")
    return stand


@pytest.mark.parametrize(
    "body",
    [
        {"Description": None},  # redacted in every record
        {"dESCRIPTION": None},
        {"Description": ""},  # what a form makes of null
        {"Description": " "},
        {"Title": "Pilot", "Description": None},
        {"Email": None},  # redacted in some records, in lists
    ],
)
async def test_the_null_of_a_redacted_value_is_not_written_over_it(
    ruled: Stand, body: dict[str, object]
) -> None:
    """Whoever sends a record back as it was shown must not empty it in the CRM."""
    answer = await ruled.ask("PATCH", RECORD, body)
    assert answer.startswith(b"HTTP/1.1 422")
    assert MASKED in answer
    assert not ruled.upstream.received
    assert ruled.entries()[-1]["reason"] == "masked_value_written"


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("PATCH", RECORD, {"Description": "Called on Monday."}),  # another value, which nobody was shown
        ("PATCH", RECORD, {"Title": None}),  # shown, so that null is what is meant
        ("PATCH", RECORD, {"Fax": None}),  # masked: where there is a number, something is shown of it
        ("PATCH", RECORD, {"LeadSource": None}),  # left out of some answers, null in none
        # of what is made now nothing was shown
        ("POST", "/services/data/v59.0/sobjects/Contact", {"LastName": "Quinn", "Description": None}),
    ],
)
async def test_what_was_not_shown_as_null_may_be_written(
    ruled: Stand, method: str, target: str, body: dict[str, object]
) -> None:
    """Emptying a field is as good a change as any."""
    assert (await ruled.ask(method, target, body)).startswith(b"HTTP/1.1 204")
    assert ruled.upstream.received


async def test_a_field_that_nobody_knows_is_not_written(stand: Stand) -> None:
    """Even where everything before the last check let it pass: nobody could tell whether it holds a mask."""
    gateway = stand.app.gateways["salesforce"]
    exchange = Exchange("1", gateway.rules, 0)
    members: dict[str, Tree] = {"Phones": "+353 1 555 0101"}
    with pytest.raises(Gap, match="field_not_writable"):
        check_writes(exchange, [Record("Contact", Action.UPDATE, members)])
    judged_elsewhere = frozenset({"Phones"})
    check_writes(exchange, [Record("Contact", Action.UPDATE, members, keep=judged_elsewhere)])


VALIDITY = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: accuracy}
validity:
  - {id: mail, on: {objects: [Contact], fields: [Email]}, form: email}
  - {id: faxes, mode: warn, on: {objects: [Contact], fields: [Fax]}, form: phone, country: IE}
  - {id: titles, mode: audit, on: {objects: [Contact], fields: [Title]}, form: pattern, pattern: "[A-Z]+"}
"""


@pytest.fixture
def accurate(ruled: Stand) -> Stand:
    """Return the lane with demands on what is written."""
    (ruled.app.config.policies / "accuracy.yaml").write_text(VALIDITY)
    ruled.app.reload()
    return ruled


@pytest.mark.parametrize("method", ["PATCH", "POST"])
async def test_a_value_that_is_not_what_its_field_is_for_is_not_written(accurate: Stand, method: str) -> None:
    """422 in the CRM's own shape, with the name of the field and without the value, and on record."""
    target = RECORD if method == "PATCH" else RECORD.rpartition("/")[0]
    answer = await accurate.ask(method, target, {"LastName": "Quinn", "Email": "canary-7f3a91 at example"})
    assert answer.startswith(b"HTTP/1.1 422")
    assert b"Contact.Email" in answer
    assert b"errorCode" in answer
    assert b"canary" not in answer
    assert not accurate.upstream.received
    entry = accurate.entries()[-1]
    assert (entry["reason"], entry["detail"]) == ("invalid_value_written", "Contact.Email")
    assert "canary" not in str(entry)


async def test_what_is_only_warned_of_or_observed_is_written_and_noted(accurate: Stand) -> None:
    """For rolling a demand out: first see what it would refuse."""
    answer = await accurate.ask(
        "PATCH", RECORD, {"Fax": "none", "Title": "Pilot", "Email": " o'hara@example.org "}
    )
    assert answer.startswith(b"HTTP/1.1 204")
    assert b"lychgate-warning: policy-warning" in answer.lower()
    requested = next(entry for entry in accurate.entries() if entry["kind"] == "requested")
    assert requested["warned"] == ["faxes"]
    assert requested["would"] == ["Contact.Title: refuse by titles"]


async def test_a_field_may_be_emptied_whatever_its_form(accurate: Stand) -> None:
    """Whether it may is for grants and masks to say."""
    answer = await accurate.ask("PATCH", RECORD, {"Title": None, "Fax": None})
    assert answer.startswith(b"HTTP/1.1 204")


def written(stand: Stand, members: dict[str, Tree], *, guesses: bool) -> None:
    """Check a write of one record of the lane's CRM."""
    exchange = Exchange("1", stand.app.gateways["salesforce"].rules, 0)
    check_writes(exchange, [Record("Contact", Action.CREATE, members, guesses=guesses)])


async def test_a_value_of_which_nobody_knows_what_it_is_has_to_fit_one_thing_it_may_be(accurate: Stand) -> None:
    """As a contact mechanism whose type the write does not say: a number is no wrong e-mail address."""
    written(accurate, {"Email": "+353 1 555 0199", "Phone": "+353 1 555 0199"}, guesses=True)
    with pytest.raises(Undecodable, match="invalid_value_written"):
        written(accurate, {"Email": "nothing"}, guesses=True)
    written(accurate, {"Email": "nothing", "Fax": "nothing"}, guesses=True)  # of a fax it would only be noted
    with pytest.raises(Undecodable, match="invalid_value_written"):
        written(accurate, {"Email": "+353 1 555 0199", "Phone": "+353 1 555 0199"}, guesses=False)
