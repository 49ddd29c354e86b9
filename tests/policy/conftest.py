"""A small CRM and a way to check a policy text against it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.model import Catalogue, FieldSpec, Mask, ObjectSpec
from proxy.policy import Checked, check_policies

HEAD = "apiVersion: lychgate.dev/v1\nkind: {kind}\nmetadata: {{name: test}}\n"
VOCABULARY = """\
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {name: words}
roles: {agent: ANSWERS, lead: ANSWERS, officer: ANSWERS}
purposes:
  support: {lawful_basis: contract}
  marketing: {lawful_basis: legitimate_interests}
  marketing.newsletter: {lawful_basis: legitimate_interests}
recipients:
  desk: {country: IE}
  mailer: {kind: processor, country: US, safeguards: [SCC-2021]}
masks:
  last4: {kind: keep_last, n: 4}
  first2: {kind: keep_first, n: 2}
  year: {kind: year_only}
  firm: {kind: keep_last, n: 2, strength: 70}
""".replace("ANSWERS", "{needed_for_job: daily, extracted_or_synced: never, privacy_concern: none}")


@pytest.fixture
def catalogues() -> Mapping[str, Catalogue]:
    """Two CRMs; one field of each kind that rules can tell apart, and one nobody has classified."""
    contact = ObjectSpec(
        "Contact",
        {
            "Id": FieldSpec("system.operations"),
            "Name": FieldSpec("user.name"),
            "Phone": FieldSpec("user.contact.phone_number"),
            "City": FieldSpec("user.contact.address.city"),
            "Born": FieldSpec("user.demographic.date_of_birth"),
            "Health": FieldSpec("user.health_and_medical", frozenset({"special"})),
            "Notes": FieldSpec("user.content.private", frozenset({"free_text"})),
            "New": FieldSpec("unclassified"),
        },
        "Id",
    )
    people = ObjectSpec("contacts", {"phone": FieldSpec("user.contact.phone_number")})
    account = ObjectSpec(
        "Account", {"Id": FieldSpec("system.operations"), "Name": FieldSpec("organization.name")}
    )
    return {"crm": {"Contact": contact, "Account": account}, "hub": {"contacts": people}}


def check_mask(mask: Mask) -> None:
    """Stand in for the transforms: keep_last and keep_first need `n`, other kinds take nothing."""
    if mask.kind not in ("keep_last", "keep_first", "year_only", "null", "constant"):
        raise ValueError(f"there is no kind of mask called '{mask.kind}'")
    if (mask.kind in ("keep_last", "keep_first")) != ("n" in dict(mask.params)):
        raise ValueError("a mask of this kind needs 'n'")


class Bench:
    """Writes policy files and checks them."""

    def __init__(self, folder: Path, catalogues: Mapping[str, Catalogue]) -> None:
        self.folder = folder
        self.catalogues = catalogues
        self.connectors: Mapping[str, object] = {}
        self.now = 1_795_424_400.0  # 2026-11-23T09:00:00Z
        self.write("vocabulary.yaml", VOCABULARY)

    def write(self, name: str, text: str, kind: str = "") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((HEAD.format(kind=kind) if kind else "") + text)
        return path

    def check(self, rules: str = "") -> Checked:
        """Check the folder with `rules` as a policy document; its first line is line 4 of the file."""
        if rules:
            self.write("policy.yaml", rules, kind="Policy")
        return check_policies(
            self.folder,
            self.catalogues,
            check_mask=check_mask,
            connectors=self.connectors,
            clock=lambda: self.now,
        )

    def found(self, rules: str = "") -> list[tuple[str, int, int, str]]:
        """Return code, line, column and message of every problem."""
        return [(each.code, each.line, each.column, each.message) for each in self.check(rules).problems]


@pytest.fixture
def bench(tmp_path: Path, catalogues: Mapping[str, Catalogue]) -> Bench:
    """Return a policy folder with a vocabulary in it."""
    return Bench(tmp_path / "policies", catalogues)
