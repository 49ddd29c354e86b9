"""An erasure finds its person in texts however they are written, and nobody stores them again in any spelling.

Real processes, clients by their SDKs; what is left is looked for in the sandboxes' stores, by means of our own.
"""

import html
import re
from urllib.parse import unquote

import pytest
from hubspot.crm.contacts import ApiException, SimplePublicObjectInputForCreate
from simple_salesforce.exceptions import SalesforceError

from proxy.demo.installation import LaneOf
from proxy.demo.processes import free_port
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, running
from proxy.sandbox.hubspot.kinds import KINDS
from proxy.sandbox.salesforce.objects import SCHEMA
from tests.e2e.processes import Installed
from tests.e2e.sdks import Hubspot, salesforce
from tests.e2e.test_erasure import AOIFE, GRANT, TOKEN, Operator

OTHERS = "Sean Byrne, +353 1 555 0109, Aoife Byrnes & byrne@example.org"
TEXTS = {
    # what stands in a record of others -> what is left of it
    "Ring <b>(01)</b> 555-0101 first.": "Ring <b>[erased]</b> first.",
    "Or 086 555 0101; from here 00353 (0)86 5550101.": "Or [erased]; from here [erased].",
    "BYRNE, Aoife signs.": "[erased] signs.",
    "<p><i>Aoife</i>&nbsp;<b>Byrne</b> agreed.</p>": "<p><i>[erased]</i><b></b> agreed.</p>",
    '<a href="mailto:aoife.byrne%40example.org?subject=a">a</a>': '<a href="mailto:[erased]?subject=a">a</a>',
    "aoife.byrne&#64;example.org or Aoife.Byrne+fair@Example.ORG": "[erased] or [erased]",
    OTHERS: OTHERS,
}
HERS = ("aoifebyrne", "byrneaoife", "5550101")
SPELLED = [
    "AOIFE.BYRNE@EXAMPLE.ORG", "aoife.byrne+new@example.org", "ａoife.byrne@example.org",
    "aoife.byr\u200bne@example.org", "aoife.byrne@example.org.", "Aoife <aoife.byrne@example.org>",
    "mailto:aoife.byrne@example.org",
]  # fmt: skip
CALLED = ["086 555 0101", "(086) 555-0101", "00353 86 5550101", "+353 (0)86 555 0101", "tel:+353-86-555-0101"]


def flat(text: object) -> str:
    """Return the letters and digits that a person would read in a text."""
    plain = unquote(html.unescape(re.sub(r"<[^>]*>", "", str(text))))
    return re.sub(r"[^a-z0-9]", "", plain.lower().replace("(0)", ""))


@pytest.fixture
def crms():
    """Both sandboxes, with texts about her in records of others."""
    org, account = SalesforceSandbox(TOKEN), HubSpotSandbox(TOKEN)
    for text in TEXTS:
        deal = {"Name": "Fair", "StageName": "Prospecting", "CloseDate": "2027-01-01", "Description": text}
        org.org.insert(SCHEMA.objects["opportunity"], deal)
        account.store.create(KINDS["companies"], {"name": "Fair", "description": text})
    return org, account


@pytest.fixture
def installed(tmp_path, crms):
    """A process with a lane in front of each, whose numbers are Ireland's."""
    org, account = crms
    with running(org) as here, running(account) as there:
        lanes = {
            "salesforce": LaneOf(free_port(), here.url, TOKEN, tls=True),
            "hubspot": LaneOf(free_port(), there.url, TOKEN),
        }
        irish = lambda text: re.sub(r"(    connector: \w+\n)", r"\1    region: IE\n", text)  # noqa: E731
        run = Installed.make(tmp_path / "home", lanes, irish)
        try:
            creates = GRANT.replace("[delete, erase]", "[create]")
            example = run.made.policies / "example"
            (example / "creates.yaml").write_text(creates, "utf-8")
            guards = (example / "guards.yaml").read_text("utf-8")  # without what refuses the odd ones before
            (example / "guards.yaml").write_text(re.sub(r"\nvalidity:\n(?:(?: .*)?\n)*", "\n", guards), "utf-8")
            yield run.up()
        finally:
            run.kill()


def test_every_form_goes_and_none_comes_back(installed, crms) -> None:
    """What is said of others, and all beside her in a text, is as it was; strangers are let in."""
    org, account = crms
    operator = Operator(installed)
    case = operator.does("open", "--email", AOIFE, "--ground", "objection", "--identity", "account")["case"]
    operator.agrees(case, operator.does("plan", case)["short"])
    done = operator.does("run", case)["cases"][0]
    assert done["state"] == "live_complete", done
    wanted = sorted(TEXTS.values())
    deals = [row for row in org.org.rows(SCHEMA.objects["opportunity"]) if row["Name"] == "Fair"]
    assert sorted(str(row["Description"]) for row in deals) == wanted
    companies = [held.values for held in account.store.all(KINDS["companies"]) if held.values["name"] == "Fair"]
    assert sorted(one["description"] for one in companies) == wanted
    for text in [*(row["Description"] for row in deals), *(one["description"] for one in companies)]:
        assert text == OTHERS or not [one for one in HERS if one in flat(text)], text
    # She cannot be put back under any spelling; somebody else can.
    agent = salesforce(installed, "privacy_desk", "subject_request")
    desk = Hubspot(installed, "privacy_desk", "subject_request")
    for name, ours, values in (("Email", "email", SPELLED), ("Phone", "phone", CALLED)):
        for value in values:
            with pytest.raises(SalesforceError, match="new lawful basis"):
                agent.Contact.create({"LastName": "B.", name: value})
            with pytest.raises(ApiException, match="new lawful basis"):
                desk.basic.create(SimplePublicObjectInputForCreate(properties={"lastname": "B.", ours: value}))
    before = len(org.people()), len(account.people())
    stranger = {"LastName": "Byrne", "Email": "aoife@example.org", "Phone": "086 555 0109"}
    assert agent.Contact.create(stranger)["success"]
    desk.basic.create(SimplePublicObjectInputForCreate(properties={"lastname": "Byrne", "phone": "01 555 0110"}))
    assert (len(org.people()), len(account.people())) == (before[0] + 1, before[1] + 1)
    installed.down()
    installed.check_ledger()
