"""A small CRM with attributes, and a way to run the tests of a policy text."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from proxy.model import AttributeSpec, Catalogue, FieldSpec, ObjectSpec
from proxy.policy import Checked, check_policies
from proxy.policy.testing import Results, run_tests
from proxy.rehearsal import carrying_out
from proxy.transforms import check_mask

HEAD = "apiVersion: lychgate.dev/v1\nkind: {}\nmetadata: {{name: x}}\n"
WORDS = """\
roles: {agent: Q, lead: Q}
purposes:
  support: {lawful_basis: contract}
  news: {lawful_basis: consent, consent: news}
recipients: {desk: {country: IE}, mailer: {country: IE}}
clients:
  helpdesk: {recipient: desk, roles: [agent], purposes: [support]}
masks: {ending: {kind: keep_last, n: 2}, other: {kind: keep_last, n: 2}}
""".replace("Q", "{needed_for_job: daily, extracted_or_synced: never, privacy_concern: none}")
RULES = """\
grants:
  - {id: names, effect: allow, roles: [agent, lead], purposes: [support], recipients: [desk],
     on: {objects: [Contact], categories: [system.operations, user.name]}, actions: [read, list, filter]}
  - {id: phones, effect: mask, with: ending, roles: [agent], purposes: [support], recipients: [desk],
     on: {fields: [Phone]}, actions: [read]}
  - {id: news, effect: allow, roles: [lead], purposes: [news], recipients: [mailer],
     on: {objects: [Contact], fields: [Name]}, actions: [list]}
guards:
  - {id: restricted, effect: deny, on: {categories: [user]}, actions: [read, list], when: resource.restricted}
  - {id: notes, effect: redact, on: {fields: [Notes]}, actions: [read]}
"""
CONTACT = ObjectSpec(
    "Contact",
    {
        "Id": FieldSpec("system.operations"),
        "Name": FieldSpec("user.name"),
        "Phone": FieldSpec("user.contact.phone_number"),
        "Notes": FieldSpec("user.content"),
    },
    "Id",
    {
        "restricted": AttributeSpec("Restricted__c", "bool", default=False),
        "country": AttributeSpec("Country", "string", optional=True),
        "seen": AttributeSpec("Seen", "timestamp", optional=True),
        "consents": AttributeSpec("Consents__c", "list<string>", default=()),
    },
)
DOCUMENT = """\
apiVersion: lychgate.dev/v1
kind: PolicyTest
now: 2026-11-23T09:00:00Z
records:
  mara: {object: Contact, fields: {Id: 7, Name: Mara, Phone: "0861234567", Notes: none}}
  hidden: {extends: mara, attributes: {restricted: true}}
callers:
  agent: {roles: [agent], recipient: desk}
  lead: {roles: [lead], recipient: desk}
  client: {client: helpdesk}
  mailer: {roles: [lead], recipient: mailer}
tests:
"""


class Trial:
    """A policy folder; tests are added as text."""

    catalogues: Mapping[str, Catalogue] = {"crm": {"Contact": CONTACT}}

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "words.yaml").write_text(HEAD.format("Vocabulary") + WORDS)
        self.rules(RULES)

    def rules(self, text: str) -> None:
        (self.folder / "rules.yaml").write_text(HEAD.format("Policy") + text)

    def check(self, tests: str, document: str = DOCUMENT) -> Checked:
        """Check the folder with one test document; its tests begin in the line after the document's last."""
        (self.folder / "own.test.yaml").write_text(document + tests)
        return check_policies(self.folder, self.catalogues, check_mask=check_mask, clock=lambda: 1_795_424_400.0)

    def run(self, tests: str, document: str = DOCUMENT) -> Results:
        """Run the tests of one document, which has to be without error."""
        checked = self.check(tests, document)
        assert checked.policies is not None, [str(each) for each in checked.problems]
        return run_tests(checked.policies, checked.tests, carrying_out(self.catalogues))


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """Return a policy folder with a few rules in it."""
    return Trial(tmp_path)


@pytest.fixture
def ask() -> Callable[..., str]:
    """Return what writes one test, with what is not given filled in."""

    def write(**given: Any) -> str:
        said = {"name": "t", "caller": "agent", "purpose": "support", "action": "read", "record": "mara"} | given
        return "  - {" + ", ".join(f"{key}: {value}" for key, value in said.items()) + "}\n"

    return write
