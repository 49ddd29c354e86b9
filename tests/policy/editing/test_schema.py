"""The schema that editors get: it accepts what ships, and marks slips where the loader would."""

from collections.abc import Callable
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from proxy.errors import Problems
from proxy.model import FieldSpec, ObjectSpec
from proxy.policy.documents import VocabularyDocument
from proxy.policy.editing.kinds import KINDS
from proxy.policy.editing.meanings import meaning
from proxy.policy.editing.order import inside
from proxy.policy.editing.schema import Words, explained, schema, words_of
from proxy.yamlfile import parse_yaml, read_yaml, validate

SHIPPED = Path(__file__).parents[3] / "policies" / "example"
POLICY = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: test}
grants:
  - id: one
    effect: mask
    with: last4
    roles: [agent]
    purposes: [marketing]
    recipients: [desk]
    on: {objects: [Contact], categories: [user.contact], tags: [special], fields: [Phone]}
    actions: [read]
    except: {roles: [lead]}
"""
CLIENT = """\
apiVersion: lychgate.dev/v1
kind: Vocabulary
metadata: {name: test}
clients:
  app: {recipient: desk, roles: [agent], purposes: [marketing.mail]}
"""
WORDS = Words(
    roles={"agent", "lead"},
    purposes={"marketing.mail"},
    purpose_words={"marketing", "marketing.mail"},
    recipients={"desk"},
    masks={"last4"},
    categories={"user.contact", "user"},
    tags={"special"},
    connectors={"crm"},
    objects={"Contact"},
    fields={"Phone"},
)


def found(text: str, words: Words | None = None) -> list[str]:
    """Return the places at which the schema finds something wrong."""
    (file,) = parse_yaml(text, "test.yaml")
    errors = Draft202012Validator(schema(KINDS, words)).iter_errors(file.data)
    return sorted(".".join(map(str, error.absolute_path)) for error in errors)


def test_it_is_a_schema_of_its_draft() -> None:
    """The schema is valid by the rules of draft 2020-12, with and without words."""
    Draft202012Validator.check_schema(schema(KINDS))
    Draft202012Validator.check_schema(schema(KINDS, WORDS))
    assert schema(KINDS)["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("path", sorted(SHIPPED.rglob("*.yaml")), ids=lambda path: path.name)
def test_what_ships_is_accepted(path: Path) -> None:
    """No false alarm in any shipped policy document."""
    validator = Draft202012Validator(schema(KINDS))
    for file in read_yaml(path):
        assert [error.message for error in validator.iter_errors(file.data)] == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("effect: mask", "effect: msk", "grants.0.effect"),  # an unknown word
        ("effect: mask", "effect: deny", "grants.0.effect"),  # a grant only opens
        ("    actions:", "    acitons:", "grants.0"),  # a misspelt key
        ("  - id: one\n    effect", "  - effect", "grants.0"),  # a missing key
        ("actions: [read]", "actions: read", "grants.0.actions"),  # a wrong type
        ("actions: [read]", "actions: []", "grants.0.actions"),  # an empty selector
        ("actions: [read]", "actions: [raed]", "grants.0.actions.0"),
        ("roles: [agent]\n    p", "roles: 7\n    p", "grants.0.roles"),
        ("kind: Policy", "kind: Polcy", "kind"),
        ("apiVersion: lychgate.dev/v1", "apiVersion: v2", "apiVersion"),
        ("metadata: {name: test}", "metadata: {name: 1}", "metadata.name"),
        ("metadata: {name: test}", "metadata: {name: 'a b'}", "metadata.name"),
        ("grants:", "grant:", ""),
        ("on: {objects", "on: {object", "grants.0.on"),
    ],
)
def test_slips_are_marked_where_the_loader_marks_them(old: str, new: str, place: str) -> None:
    """Each seeded mistake is found by the schema, at its place, and by the model too."""
    text = POLICY.replace(old, new)
    assert text != POLICY
    assert found(POLICY) == []
    assert place in found(text)
    (file,) = parse_yaml(text, "test.yaml")
    if "kind: Polcy" not in text and "effect: deny" not in text:  # those two are found after the model
        with pytest.raises(Problems):
            validate(file, KINDS["Policy"])


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("roles: [agent]", "roles: [agnet]", "grants.0.roles"),
        ("purposes: [marketing]", "purposes: [marketting]", "grants.0.purposes"),
        ("recipients: [desk]", "recipients: [dsk]", "grants.0.recipients"),
        ("with: last4", "with: lst4", "grants.0.with"),
        ("objects: [Contact]", "objects: [Contct]", "grants.0.on.objects"),
        ("categories: [user.contact]", "categories: [user.contcat]", "grants.0.on.categories"),
        ("tags: [special]", "tags: [specail]", "grants.0.on.tags"),
        ("fields: [Phone]", "fields: [Phne]", "grants.0.on.fields"),
        ("except: {roles: [lead]}", "except: {roles: [led]}", "grants.0.except"),
    ],
)
def test_with_a_project_its_own_names_are_the_only_ones(old: str, new: str, place: str) -> None:
    """A name that nobody declared is marked with the project's words, and passes without."""
    text = POLICY.replace(old, new)
    assert found(POLICY, WORDS) == []
    assert found(text) == []
    assert [each for each in found(text, WORDS) if each.startswith(place)]


def test_clients_have_declared_purposes_only() -> None:
    """A parent of purposes may stand in a rule, but a client is registered for what is declared."""
    assert found(CLIENT, WORDS) == []
    assert found(CLIENT.replace("marketing.mail", "marketing"), WORDS) == ["clients.app.purposes.0"]
    assert found(CLIENT.replace("recipient: desk", "recipient: dsk"), WORDS) == ["clients.app.recipient"]


def test_words_come_from_vocabularies_and_connectors() -> None:
    """Names of every vocabulary and of every connector, categories and purposes with their parents."""
    text = (
        "apiVersion: lychgate.dev/v1\nkind: Vocabulary\nmetadata: {name: v}\n"
        "roles: {agent: {}}\npurposes: {marketing.mail: {}}\ncategories: {user.loyalty.points: {}}\n"
        "masks: {last4: {kind: keep_last, n: 4}}\nrecipients: {desk: {}}\n"
    )
    vocabulary = validate(parse_yaml(text, "v.yaml")[0], VocabularyDocument)
    spec = ObjectSpec("Contact", {"Phone": FieldSpec("user.contact.fax", frozenset({"mine"}))}, "Id")
    words = words_of([vocabulary], {"crm": {"Contact": spec}})
    assert set(words.purpose_words) == {"marketing", "marketing.mail"}
    assert set(words.purposes) == {"marketing.mail"}
    assert {"user.loyalty", "user.contact.fax", "user.name", "system.record"} <= set(words.categories)
    assert {"mine", "special"} <= set(words.tags)
    assert (set(words.objects), set(words.fields), set(words.connectors)) == ({"Contact"}, {"Phone"}, {"crm"})
    assert (set(words.roles), set(words.masks), set(words.recipients)) == ({"agent"}, {"last4"}, {"desk"})


def test_what_cannot_be_read_restricts_nothing() -> None:
    """While a vocabulary or a connector is broken, its names are not called unknown."""
    assert found(POLICY, words_of(None, None)) == []
    assert found(POLICY.replace("Contact", "Anything"), words_of(None, None)) == []


def _walk(kinds: list[type]) -> list[type]:
    seen: list[type] = []
    waiting: list[type] = list(kinds)
    while waiting:
        model = waiting.pop()
        if model not in seen:
            seen.append(model)
            for name, field in model.model_fields.items():
                waiting += inside((model,), field.alias or name)
    return seen


def test_every_key_says_what_it_is_for() -> None:
    """Hovering over any key of a policy document shows a sentence: a docstring of its field will do."""
    silent = [
        f"{model.__name__}.{name}"
        for model in _walk(list(KINDS.values()))
        for name in model.model_fields
        if not meaning(model, name)
    ]
    assert silent == []


def test_descriptions_reach_the_schema() -> None:
    """What `meaning` says stands at the key, where an editor looks for it."""
    rule = schema(KINDS)["$defs"]["RuleDocument"]["properties"]
    assert rule["effect"]["description"].startswith("What becomes of the field")
    role = schema(KINDS)["$defs"]["RoleDocument"]["properties"]
    assert role["needed_for_job"]["description"].startswith("Does the regular job need")


def test_one_key_for_people() -> None:
    """What may stand there, whether it must, and what it is for."""
    lines = explained(KINDS, "Policy.grants.effect")
    assert lines[:2] == [
        "Policy.grants.effect  (required)",
        "  one of allow, mask, tokenize, encrypt, redact, deny",
    ]
    assert lines[2].startswith("  What becomes of the field")
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Policy", lambda text: "guards" in text and "grants" in text),  # a kind: its keys
        ("Vocabulary.roles.*.refs", lambda text: text.startswith("Vocabulary.roles.refs  (optional)")),
        ("Vocabulary.recipients.dpa_expires", lambda text: "a date (2027-03-31)" in text),
        ("Policy.grants.valid.from", lambda text: "First day in force" in text),  # an alias in Python
        ("Vocabulary.clients.keys", lambda text: "list of keys" in text and "sha256" in text),
        ("Vocabulary.masks.strength", lambda text: "a whole number" in text),
    ],
)
def test_paths_go_through_lists_and_names(path: str, expected: Callable[[str], bool]) -> None:
    """A path names keys only; the author's names are left out or a star."""
    assert expected("\n".join(explained(KINDS, path)))


@pytest.mark.parametrize(
    ("path", "word"), [("Polcy", "Polcy"), ("Policy.grant", "grant"), ("Policy.grants.id.x", "x")]
)
def test_an_unknown_key_is_told_with_those_that_exist(path: str, word: str) -> None:
    """The first word that does not exist is named."""
    with pytest.raises(KeyError) as caught:
        explained(KINDS, path)
    assert caught.value.args[0] == word
