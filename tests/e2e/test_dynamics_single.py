"""One property, one number, one link: Dataverse's smallest requests through Lychgate."""

import json
from typing import Any

import pytest

from proxy.message import Headers, Request
from tests.e2e.harness import Ended, GatewayHarness
from tests.e2e.test_dynamics import BASE, FIELDS, Asker

HOST = "lychgate.example:8443"
CALLERS = (("helpdesk", None), ("helpdesk_leads", None), ("privacy_desk", "subject_request"))


class Sender(Asker):
    """Sends requests that know what they call Lychgate."""

    async def one(self, method: str, path: str, body: object = None, query: str = "") -> Ended:
        """Return how a request below the API's root ends."""
        raw = b"" if body is None else json.dumps(body).encode()
        fields = (*self._fields, *((("content-type", "application/json"),) if raw else ()))
        request = Request(method, f"{BASE}/{path}", query, Headers(fields), raw, host=HOST)
        return await self._harness.exchange("dynamics", request, self._answer)


@pytest.mark.parametrize(("client", "purpose"), CALLERS)
async def test_a_property_alone_is_what_it_is_in_its_record(
    harness: GatewayHarness, client: str, purpose: str | None
) -> None:
    """As JSON, as text, and by another key; a field that may not be shown is refused, null is null."""
    ask = Sender(harness, client, purpose)
    there = ask.crm.people()[0]
    key = there["contactid"]
    held = await ask.get(f"contacts({key})", select=",".join(FIELDS))
    shown = 0
    for name in FIELDS:
        alone = await ask.one("GET", f"contacts({key})/{name}")
        text = await ask.one("GET", f"contacts({key})/{name}/$value")
        if name not in held:
            assert (alone.response.status, text.response.status) == (403, 403)
            continue
        assert json.loads(alone.response.body) == {"value": held[name]}
        said = "" if held[name] is None else str(held[name])
        assert text.response.body.decode() == said
        if said:
            assert text.response.headers.one("content-type") == "text/plain; charset=utf-8"
        shown += 1
    assert 4 < shown < len(FIELDS) + (client == "privacy_desk")
    by_mail = await ask.one("GET", f"contacts(emailaddress1='{there['emailaddress1']}')/fullname")
    assert json.loads(by_mail.response.body) == {"value": there["fullname"]}


async def test_a_property_is_written_as_a_field_is(harness: GatewayHarness) -> None:
    """Put, and taken away; what may not be written is not, and no mask comes back."""
    ask = Sender(harness, "helpdesk_leads")
    key = ask.crm.people()[0]["contactid"]
    assert (await ask.one("PUT", f"contacts({key})/firstname", {"value": "Una"})).response.status == 204
    assert ask.crm.people()[0]["firstname"] == "Una"
    assert (await ask.one("DELETE", f"contacts({key})/jobtitle")).response.status == 204
    assert ask.crm.people()[0]["jobtitle"] is None
    for name, body in (
        ("governmentid", {"value": "1"}),
        ("nobody_listed", {"value": "1"}),
        ("firstname", {"value": {"a": 1}}),
        ("firstname", {"value": "x", "other": 1}),
        ("telephone1", {"value": "*** *** 01"}),
    ):
        ended = await Sender(harness, "helpdesk").one("PUT", f"contacts({key})/{name}", body)
        assert ended.forwarded is None, name
    assert (await ask.one("DELETE", f"contacts({key})/governmentid")).forwarded is None


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("contacts({})/parentcustomerid_account", 403),
        ("contacts({})/account_primary_contact", 403),
        ("contacts({})/fullname/$other", 403),
        ("contacts({})/fullname/length", 403),
        ("contacts({})/$value", 403),
        ("nobodies({})/fullname", 403),
    ],
)
async def test_what_is_no_property_has_no_word(harness: GatewayHarness, path: str, status: int) -> None:
    """Navigation, functions and sets that nobody listed."""
    ask = Sender(harness, "privacy_desk", "subject_request")
    ended = await ask.one("GET", path.format(ask.crm.people()[0]["contactid"]))
    assert (ended.response.status, ended.forwarded) == (status, None)


async def test_a_count_is_a_number_for_those_who_may_count(harness: GatewayHarness) -> None:
    """Its conditions are judged as in a list; what is not a number is withheld."""
    ask = Sender(harness, "privacy_desk", "subject_request")
    first = ask.crm.people()[0]
    query = f"$filter=emailaddress1%20eq%20%27{first['emailaddress1']}%27"
    for client, purpose in CALLERS:
        for hidden in ("governmentid%20eq%20%271%27", "nobody%20eq%201", "startswith(new_iban,%27IE%27)"):
            ended = await Sender(harness, client, purpose).one("GET", "leads/$count", query=f"$filter={hidden}")
            assert (ended.response.status, ended.forwarded) == (403, None)
    ended = await ask.one("GET", "contacts/$count", query=query)
    assert ended.response.status in {200, 403}
    if ended.response.status == 200:
        assert ended.response.body == b"1"


def _ref(key: object, name: str = "accounts", origin: str = f"https://{HOST}{BASE}/") -> dict[str, Any]:
    return {"@odata.id": f"{origin}{name}({key})"}


async def test_a_link_is_an_update_of_the_field_that_holds_it(harness: GatewayHarness) -> None:
    """From either end, by an absolute URL or another; taken away from either end."""
    ask = Sender(harness, "helpdesk_leads")
    contact, account = (ask.crm.people()[at] for at in (0, 1))
    key, other = contact["contactid"], account["parentcustomerid"]
    start = contact["parentcustomerid"]

    def held() -> object:
        return ask.crm.people()[0]["parentcustomerid"]

    ended = await ask.one("DELETE", f"contacts({key})/parentcustomerid_account/$ref")
    assert (ended.response.status, held()) == (204, None)
    for body in (_ref(other), _ref(other, origin=f"{BASE}/"), _ref(other, origin="")):
        ended = await ask.one("PUT", f"contacts({key})/parentcustomerid_account/$ref", body)
        assert (ended.response.status, held()) == (204, other)
    assert ended.forwarded is not None
    assert ended.forwarded.method == "PATCH"
    assert ("if-match", "*") in ended.forwarded.headers.fields
    body = _ref(key, "contacts")
    ended = await ask.one("POST", f"accounts({start})/contact_customer_accounts/$ref", body)
    assert (ended.response.status, held()) == (204, start)
    ended = await ask.one("DELETE", f"accounts({start})/contact_customer_accounts({key})/$ref")
    assert (ended.response.status, held()) == (204, None)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        (
            "PUT",
            "contacts(KEY)/parentcustomerid_account/$ref",
            {"@odata.id": "https://other.example/accounts(KEY)"},
        ),
        ("PUT", "contacts(KEY)/parentcustomerid_account/$ref", {"@odata.id": "accounts(accountnumber='A-1')"}),
        ("PUT", "contacts(KEY)/parentcustomerid_account/$ref", {"@odata.id": "contacts(KEY)"}),
        ("PUT", "contacts(KEY)/parentcustomerid_account/$ref", {"@odata.id": "accounts(KEY)", "x": 1}),
        ("PUT", "contacts(KEY)/masterid/$ref", {"@odata.id": "contacts(KEY)"}),
        ("PUT", "contacts(emailaddress1='a')/parentcustomerid_account/$ref", {"@odata.id": "accounts(KEY)"}),
        ("PUT", "accounts(KEY)/contact_customer_accounts/$ref", {"@odata.id": "contacts(KEY)"}),
        ("POST", "contacts(KEY)/parentcustomerid_account/$ref", {"@odata.id": "accounts(KEY)"}),
        ("DELETE", "accounts(KEY)/contact_customer_accounts/$ref", None),
    ],
)
async def test_no_link_by_a_value_to_elsewhere_or_by_a_way_nobody_listed(
    harness: GatewayHarness, method: str, path: str, body: dict[str, Any] | None
) -> None:
    """The refusal is the CRM's own kind, and nothing is sent."""
    ask = Sender(harness, "helpdesk_leads")
    key = "00000000-0000-0000-0000-000000000001"
    given = None if body is None else json.loads(json.dumps(body).replace("KEY", key))
    ended = await ask.one(method, path.replace("KEY", key), given)
    assert ended.forwarded is None
    assert 400 <= ended.response.status < 500
