"""What is written over a value: never what the caller was shown in its place, and never what nobody judged."""

import pytest

from proxy.errors import Gap
from proxy.exchange import Exchange
from proxy.message import Record, Tree
from proxy.model import Action
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
        gateway._refuse_masked(exchange, Record("Contact", Action.UPDATE, members))
    judged_elsewhere = frozenset({"Phones"})
    gateway._refuse_masked(exchange, Record("Contact", Action.UPDATE, members, keep=judged_elsewhere))
