"""A page of a real CRM's API, as an exchange sees it between reading the body and writing it again.

The connector, the policies and the records are those of the example: 200 contacts of up to thirty fields, the
help desk asking. Finding the records in the answer and pruning what is undeclared counts too; pseudonyms, the
ledger and HTTP do not (`bench_lane.py` has the whole).
"""

import json
from urllib.parse import quote

import canned_upstream
from bench_lane import ROOT
from bench_policy import PAGE

from proxy.codec.json_text import JsonText
from proxy.connectors import Asked, load_connector
from proxy.enforce import Rules
from proxy.exchange import Exchange
from proxy.message import Headers, Request, Tree
from proxy.model import Principal, Purpose
from proxy.policy import load_policies
from proxy.transforms import Redactions, Redactors, Tally, check_mask

SELECTED = (
    "Id, FirstName, LastName, Name, Salutation, Title, Department, Email, Phone, MobilePhone, HomePhone, "
    "AssistantPhone, AssistantName, Fax, MailingStreet, MailingCity, MailingState, MailingPostalCode, "
    "MailingCountry, Birthdate, LeadSource, Description, HasOptedOutOfEmail, DoNotCall, AccountId, "
    "Iban__c, SSN__c, Allergies__c, CreatedDate, LastModifiedDate"
)
Trees = tuple[Asked, Tree]


class SalesforcePage:
    """One page, to be opened, decided and transformed as often as wanted."""

    def __init__(self) -> None:
        """Ask the sandbox for the page, and load what judges it."""
        connectors = [load_connector(path) for path in sorted((ROOT / "policies/connectors").glob("*.yaml"))]
        connector = next(each for each in connectors if each.name == "salesforce")
        policies = load_policies(
            ROOT / "policies/example",
            {each.name: each.catalogue for each in connectors},
            check_mask=check_mask,
        )
        self.body = _body()
        self._request = Request(
            "GET", "/services/data/v59.0/query", f"q={quote(f'SELECT {SELECTED} FROM Contact')}", Headers()
        )
        self._client = policies.clients["helpdesk"]
        self._rules = Rules(connector, None, policies, Redactors(connector.catalogue))

    def fresh(self) -> Trees:
        """Return the request as understood, and the answer's tree."""
        asked = self._rules.connector.route(self._request).recognise(self._request, None, binding="bench")
        return asked, JsonText().decode(self.body)

    def release(self, given: Trees) -> Tree:
        """Do to the answer all that is done between reading it and writing it; return what may be shown."""
        asked, tree = given
        who = Principal("helpdesk", "helpdesk", self._client.roles, self._client.recipient)
        purpose = Purpose(self._client.default_purpose)
        exchange = Exchange("bench", self._rules, 0.0, principal=who, purpose=purpose, asked=asked)
        opened = asked.open(200, tree)
        redactions = Redactions(
            exchange.decide, self._rules.connector.catalogue, self._rules.redactors, exchange.decide_record
        )
        tally = Tally()
        for record in opened.records:
            redactions.apply(record, tally)
        for alike in opened.alike:
            redactions.apply_all(alike, tally)
        return opened.tree

    def check(self) -> int:
        """Return how many records are shown; stop unless something is hidden and something is not."""
        records = self.release(self.fresh())["records"]
        if len(records) != PAGE or "SSN__c" in records[0] or "Email" not in records[0]:
            raise SystemExit("the page is not redacted as it should be: the bench would be meaningless")
        return len(records)


def _body() -> bytes:
    found = json.loads(canned_upstream.page(400_000, SELECTED))
    kept = found["records"][:PAGE]
    return json.dumps({"totalSize": PAGE, "done": True, "records": kept}, separators=(",", ":")).encode()
