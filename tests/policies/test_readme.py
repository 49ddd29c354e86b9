"""The language's reference is true: every example is loaded, every table is compared with the code."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from proxy.cli.policytext import problem_lines
from proxy.connectors import load_connector
from proxy.connectors.table import GRAMMARS
from proxy.forms import FORMS
from proxy.message import Request
from proxy.model import Action, AttributeSpec, Catalogue, Effect
from proxy.policy import check_policies
from proxy.policy.conditions import CONTEXT
from proxy.policy.conditions.functions import FUNCTIONS, METHODS
from proxy.policy.rules import DEFAULT_STRENGTH, STRENGTH
from proxy.transforms import KINDS, check_mask

SOURCES = Path(__file__).parents[2] / "proxy"


def _blocks(text: str, info: str) -> list[str]:
    return re.findall(rf"^```{info}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_examples_are_one_policy_set_without_a_single_finding(
    shipped: Path, catalogues: Mapping[str, Catalogue], tmp_path: Path
) -> None:
    """What the page shows can be copied as it stands; it speaks of a few fields only (LG113)."""
    examples = _blocks((shipped / "README.md").read_text(), "yaml")
    for number, example in enumerate(examples):
        (tmp_path / f"{number}.yaml").write_text(example)
    checked = check_policies(tmp_path, catalogues, check_mask=check_mask, clock=lambda: 1_795_424_400.0)
    assert len(examples) == 7
    assert [str(problem) for problem in checked.problems if problem.code != "LG113"] == []
    assert checked.rules == 12


def test_the_example_of_a_floor_stands_on_what_is_pinned(
    shipped: Path, catalogues: Mapping[str, Catalogue], tmp_path: Path
) -> None:
    """With the digest of the real file in its place the example loads, and with another it does not."""
    (example,) = _blocks((shipped / "README.md").read_text(), "yaml floor")
    mask = "  year: {kind: year_only}\n"
    words = (shipped / "example/vocabulary.yaml").read_text()
    assert mask in words
    head = "---\napiVersion: lychgate.dev/v1\nkind: Vocabulary\nmetadata: {name: floor-words}\n"
    floor = f"{(shipped / 'example/guards.yaml').read_text()}{head}masks:\n{mask}".encode()
    (tmp_path / "org").mkdir()
    (tmp_path / "org/floor.yaml").write_bytes(floor)
    (tmp_path / "vocabulary.yaml").write_text(words.replace(mask, ""))
    for digest, errors in ((hashlib.sha256(floor).hexdigest(), []), ("a" * 64, ["LG126"])):
        (tmp_path / "shop.yaml").write_text(example.replace("FLOOR", digest))
        checked = check_policies(tmp_path, catalogues, check_mask=check_mask, clock=lambda: 1_795_424_400.0)
        assert [each.code for each in checked.problems if each.severity == "error"] == errors


def test_the_example_of_retention_loads_where_the_attributes_exist(
    shipped: Path, catalogues: Mapping[str, Catalogue], tmp_path: Path
) -> None:
    """With the two attributes that it asks for, and its waiver is used; without them each is told."""
    (example,) = _blocks((shipped / "README.md").read_text(), "yaml retention")
    (tmp_path / "terms.yaml").write_text(example)
    contact = catalogues["salesforce"]["Contact"]
    flag = AttributeSpec("Flag__c", "bool", default=False)
    more = replace(contact, attributes={**contact.attributes, "billed": flag, "legal_hold": flag})
    with_both = {**catalogues, "salesforce": {**catalogues["salesforce"], "Contact": more}}
    for known, codes in ((with_both, set()), (catalogues, {"LG101"})):
        checked = check_policies(tmp_path, known, check_mask=check_mask, clock=lambda: 1_795_424_400.0)
        assert {each.code for each in checked.problems} - {"LG113"} == codes


def test_the_example_of_erasure_loads_beside_the_example_set(
    shipped: Path, catalogues: Mapping[str, Catalogue], tmp_path: Path
) -> None:
    """Its roles and objects exist, and what it says of deletes is what the table says."""
    (example,) = _blocks((shipped / "README.md").read_text(), "yaml erasure")
    (tmp_path / "erasure.yaml").write_text(example)
    (tmp_path / "words.yaml").write_text((shipped / "example" / "vocabulary.yaml").read_text())
    checked = check_policies(tmp_path, catalogues, check_mask=check_mask, clock=lambda: 1_795_424_400.0)
    assert [str(each) for each in checked.problems if each.severity == "error"] == []
    assert checked.policies is not None
    erasing = checked.policies.erasing
    assert erasing.consent is not None
    assert (erasing.consent.people, erasing.consent.cooling_seconds) == (2, 86_400)
    found = {
        name: erasing.comes_to("hubspot", name, "delete", frozenset())
        for name in ("contacts", "companies", "deals")
    }
    assert {name: rule and rule.then for name, rule in found.items()} == {
        "contacts": "case", "companies": "refuse", "deals": None
    }  # fmt: skip
    (withdrawal,) = erasing.withdrawn("hubspot", "contacts")
    assert (withdrawal.consent, withdrawal.then) == ("product_news", "case")
    assert withdrawal.shows("hubspot", catalogues["hubspot"]["contacts"]) == {"opted_out", "consents"}


def test_the_example_of_a_connector_loads_and_reads_what_it_says(shipped: Path, tmp_path: Path) -> None:
    """It is whole, and what its routes make of requests is what the tables beside it say."""
    (example,) = _blocks((shipped / "README.md").read_text(), "yaml connector")
    (tmp_path / "small.yaml").write_text(example)
    connector = load_connector(tmp_path / "small.yaml")

    def uses(target: str, method: str = "GET", body: object = None) -> list[str]:
        path, _, query = target.partition("?")
        request = Request(method, path, query, body=b"" if body is None else b"{}")
        asked = connector.route(request).recognise(request, body)
        return [
            f"{each.action} {each.object}: " + ", ".join(f"{use.action} {use.field}" for use in each.uses)
            for each in asked.operations
        ]

    assert uses("/people?fields=mail&archived=false") == ["list people: list mail"]
    assert uses("/people?archived=true") == ["list people: ", "read people: filter archived"]
    assert uses("/people?q=a") == ["list people: ", "read people: filter mail"]
    assert uses("/people/a@example.org?by=mail") == ["read people: ", "read people: filter mail"]
    assert uses("/people/mail/a@example.org") == ["read people: ", "read people: filter mail"]
    assert uses("/people/mail/a@example.org", "PUT", {"properties": {"employer": "1"}}) == [
        "update people: update employer",
        "create people: create mail, create employer",
        "read people: filter mail",
    ]
    assert uses("/people/merge", "POST", {"keep": "1", "drop": "2"}) == ["update people: ", "delete people: "]
    assert uses("/person/1/linked/firms") == uses("/firms/1/linked/people") == ["read people: read employer"]


def test_the_example_of_copies_is_what_the_connector_says(shipped: Path) -> None:
    """Of one in another record and of one beside it."""
    (example,) = _blocks((shipped / "README.md").read_text(), "yaml copies")
    real = yaml.safe_load((shipped / "connectors" / "salesforce.yaml").read_text())["objects"]
    said = {
        (name, field): of["copy_of"]
        for name, each in yaml.safe_load(example)["objects"].items()
        for field, of in each["fields"].items()
        if "copy_of" in of
    }
    assert len(said) == 2
    assert {(name, field): real[name]["fields"][field]["copy_of"] for name, field in said} == said


def test_every_word_of_conditions_is_on_the_page(shipped: Path) -> None:
    """What a condition may name, and its functions, stand in the table."""
    text = (shipped / "README.md").read_text()
    words = {path.rpartition(".")[2] for path in CONTEXT} | set(FUNCTIONS) | set(METHODS)
    assert {word for word in words if not re.search(rf"\b{word}\b", text)} == set()


def test_the_wrong_example_is_told_as_the_page_says(
    shipped: Path, catalogues: Mapping[str, Catalogue], tmp_path: Path
) -> None:
    """The message and the frame on the page are what `policy check` prints."""
    text = (shipped / "README.md").read_text()
    (wrong,) = _blocks(text, "yaml wrong")
    (tmp_path / "slips.yaml").write_text(wrong)
    checked = check_policies(tmp_path, catalogues, check_mask=check_mask)
    printed = "\n".join(problem_lines(checked.problems)).replace(f"{tmp_path}/", "")
    shown = text.split("```yaml wrong")[1].split("```text\n")[1].split("```")[0]
    assert printed.strip() == shown.strip()


def test_the_table_of_codes_is_complete(shipped: Path) -> None:
    """Every code that the loader can give stands on the page, and no other."""
    text = (shipped / "README.md").read_text()
    listed = set(re.findall(r"^\| (LG\d+) ", text, re.MULTILINE))
    folders = ("policy", "policy/conditions", "policy/packs", "policy/retention", "policy/erasing", "yamlfile")
    files = [path for folder in folders for path in (SOURCES / folder).glob("*.py")]
    files.append(SOURCES / "rehearsal.py")
    used = {code for path in files for code in re.findall(r'"(LG1\d\d)"', path.read_text())}
    assert listed == used


def test_the_table_of_masks_is_complete(shipped: Path) -> None:
    """Every kind of mask stands on the page with the strength it has."""
    rows = re.findall(r"^\| (`[a-z_`, ]+`) \|.*\| (\d+) \|$", (shipped / "README.md").read_text(), re.MULTILINE)
    listed = {kind: int(strength) for kinds, strength in rows for kind in re.findall(r"`(\w+)`", kinds)}
    assert listed == {kind: STRENGTH.get(kind, DEFAULT_STRENGTH) for kind in KINDS}


def test_the_table_of_forms_is_complete(shipped: Path) -> None:
    """Every form that a value may have to be of stands on the page."""
    part = (shipped / "README.md").read_text().partition("### Validity")[2].partition("\n### ")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", part, re.MULTILINE)) == FORMS


def test_every_action_and_effect_is_on_the_page(shipped: Path) -> None:
    """The words of the language are spelled as the code spells them."""
    text = (shipped / "README.md").read_text()
    assert " ".join(Action) in text
    assert [effect for effect in Effect if f"`{effect.name.lower()}`" not in text] == []


def test_the_table_of_grammars_is_complete(shipped: Path) -> None:
    """Whatever a route may name as its grammar stands on the page, and nothing else does."""
    part = (shipped / "README.md").read_text().partition("| grammar | reads |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|", part, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)} == GRAMMARS.keys()
