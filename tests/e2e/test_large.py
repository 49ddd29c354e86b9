"""Much at once: answers about many people, bodies at the limit, callers side by side."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote_plus

from proxy.demo.installation import LaneOf
from proxy.message import Headers, Request, Response
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, running
from tests.e2e.conftest import Install, Town
from tests.e2e.harness import CRM_TOKEN, GatewayHarness
from tests.e2e.wire import CONTACT, Line

PEOPLE = 1_201
SEEN = {
    "helpdesk": {"email": "aoife.byrne@example.org", "phone": "*** *** 01"},
    "helpdesk_leads": {"email": "aoife.byrne@example.org", "phone": "+353 1 555 0101"},
    "privacy_desk": {
        "email": "aoife.byrne@example.org",
        "phone": "+353 1 555 0101",
        "iban": "IE29AIBK93115212345678",
    },
}
"""Client -> what it sees of one contact, of the three properties that all ask for."""


async def test_a_disclosure_about_many_people_names_each_once(harness: GatewayHarness) -> None:
    """An answer about more people than one entry holds takes several, all durable before it is released."""
    ids = [f"003Lg{number:010d}AAA" for number in range(PEOPLE)]
    rows = [
        {"attributes": {"type": "Contact", "url": f"/services/data/v59.0/sobjects/Contact/{key}"}, "Name": key}
        for key in ids
    ]
    body = json.dumps({"totalSize": PEOPLE, "done": True, "records": rows}).encode()

    def crm(_: Request) -> Response:
        return Response(200, Headers((("content-type", "application/json"),)), body)

    query = f"q={quote_plus('SELECT Name FROM Contact')}"
    request = Request("GET", "/services/data/v59.0/query/", query, Headers(harness.credentials("helpdesk")))
    ended = await harness.exchange("salesforce", request, crm)
    assert len(json.loads(ended.response.body)["records"]) == PEOPLE
    requested, *disclosed = ended.entries
    assert requested["kind"] == "requested"
    assert [(entry["part"], entry["parts"], entry["records"]) for entry in disclosed] == [
        (1, 3, PEOPLE), (2, 3, PEOPLE), (3, 3, PEOPLE)
    ]  # fmt: skip
    named = [subject for entry in disclosed for subject in entry["subjects"]]
    assert named == [harness.pseudonym(key) for key in ids]


def test_bodies_over_the_limit_are_refused_in_both_directions(install: Install) -> None:
    """A request larger than the lane takes is 413, an answer larger than that is 502; both are on record."""
    org, account = SalesforceSandbox(CRM_TOKEN, people=2_000), HubSpotSandbox(CRM_TOKEN)
    with running(org) as here, running(account) as there:
        lanes = {"salesforce": LaneOf(0, here.url, CRM_TOKEN), "hubspot": LaneOf(0, there.url, CRM_TOKEN)}
        limit = "    connector: {0}\n    body_limit_mib: 1\n"
        run = install(
            lanes,
            lambda text: text.replace("    connector: salesforce\n", limit.format("salesforce")).replace(
                "    connector: hubspot\n", limit.format("hubspot")
            ),
        ).up()
        fields = (
            "Id, Name, Email, Phone, Title, Department, MailingCity, MailingCountry, MailingState, Birthdate, "
        )
        fields += "OtherCity, CreatedDate, LastModifiedDate, AccountId, OwnerId, CreatedById, LastModifiedById"
        with Line(run.ports["salesforce"], run.keys["helpdesk"]) as line:
            large = line.ask(f"/services/data/v59.0/query/?q={quote_plus(f'SELECT {fields} FROM Contact')}")
        assert (large.status, large.tree[0]["errorCode"]) == (502, "UNKNOWN_EXCEPTION")
        assert run.told(large.decision) == ["requested", "failed"]
        with Line(run.ports["hubspot"], run.keys["helpdesk"]) as line:
            body = {"properties": {"phone": "1" * (1 << 20)}}
            refused = line.ask("/crm/v3/objects/contacts/101", "PATCH", body)
        assert (refused.status, account.calls) == (413, [])
        assert run.told(refused.decision) == ["declined"]
        with Line(run.ports["hubspot"], run.keys["helpdesk"]) as line:
            assert line.ask().status == 200
        run.down()
        run.check_ledger()


def test_callers_side_by_side_are_not_mixed_up(town: Town) -> None:
    """Many connections of three callers at once: each answer is its caller's, and so is each entry."""
    run = town.run

    def ask(number: int) -> list[tuple[str, str]]:
        client = list(SEEN)[number % len(SEEN)]
        headers = {"x_purpose": "subject_request"} if client == "privacy_desk" else {}
        decisions = []
        with Line(run.ports["hubspot"], run.keys[client]) as line:
            for _ in range(25):
                got = line.ask(f"{CONTACT},iban", **headers)
                shown = {name: got.tree["properties"].get(name) for name in ("email", "phone", "iban")}
                assert {name: value for name, value in shown.items() if value} == SEEN[client]
                decisions.append((got.decision, client))
        return decisions

    with ThreadPoolExecutor(12) as pool:
        decided = {decision: client for found in pool.map(ask, range(12)) for decision, client in found}
    assert len(decided) == 12 * 25
    told = {entry["id"]: entry["client"] for entry in run.entries() if entry["kind"] == "disclosed"}
    assert {decision: told[decision] for decision in decided} == decided


def test_one_connection_may_carry_several_callers(town: Town) -> None:
    """Who asks is read from each request; what the request before it proved counts for nothing."""
    run = town.run
    with Line(run.ports["hubspot"]) as line:
        for client in ("helpdesk", "helpdesk_leads", "", "helpdesk"):
            key = {"authorization": f"Bearer {run.keys[client]}"} if client else {}
            got = line.ask(**key)
            assert got.status == (200 if client else 401)
            if client:
                assert got.tree["properties"]["phone"] == SEEN[client]["phone"]
