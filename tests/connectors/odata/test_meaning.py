"""Queries without what could not be shown, and with what facts are read from."""

import pytest

from proxy.connectors.odata import parsing, writing
from proxy.connectors.odata.meaning import narrowed, widened
from proxy.connectors.odata.naming import Names
from proxy.connectors.odata.spec import ODataModel, ODataObject
from proxy.connectors.words import ObjectWords, Relation, Words, spec_of
from proxy.errors import Refused
from proxy.model import AttributeSpec, FieldSpec, ObjectSpec

FIELDS = {name: FieldSpec("user") for name in ("id", "name", "wage", "boss", "bossname", "country")}
BOSS = {"chief": Relation("chief", "person", "boss", frozenset())}
STAFF = {"staff": Relation("staff", "person", "boss", frozenset())}
ATTRIBUTES = {"country": AttributeSpec("country", "string", optional=True)}
SPEC = spec_of("person", FIELDS, BOSS, "id")
PERSON = ObjectWords(ObjectSpec("person", SPEC.fields, "id", ATTRIBUTES), BOSS, STAFF)
MODEL = ODataModel(objects={"person": ODataObject(set="people", key="id", lookups={"boss": "bossname"})})
NAMES = Names.compile(MODEL, Words({"person": PERSON}))
HIDDEN = frozenset({("person", "wage"), ("person", "unclassified")})


def options(**given: str):
    """Return the tree of options, named without their `$`."""
    return parsing.options({f"${name}": text for name, text in given.items()}, {})


@pytest.mark.parametrize(
    ("select", "expand", "less"),
    [
        ("id,wage,name", "", {"$select": "id,name"}),
        ("id,secret", "", {"$select": "id"}),
        ("name", "chief($select=name,wage)", {"$select": "name", "$expand": "chief($select=name)"}),
        ("name", "staff($select=id;$top=2)", {"$select": "name", "$expand": "staff($select=id;$top=2)"}),
    ],
)
def test_what_could_not_be_shown_is_not_asked_for(select: str, expand: str, less: dict[str, str]) -> None:
    """Wherever it stands; a listed field and one that nobody listed go alike."""
    tree = options(select=select, **({"expand": expand} if expand else {}))
    assert dict(writing.pairs(narrowed(tree, PERSON, NAMES, HIDDEN))) == less


@pytest.mark.parametrize("expand", ["chief($select=name)", "staff($select=name)"])
def test_a_link_that_is_hidden_is_not_followed(expand: str) -> None:
    """That there is somebody at its end would tell of it."""
    tree = options(select="name", expand=expand)
    assert dict(writing.pairs(narrowed(tree, PERSON, NAMES, frozenset({("person", "boss")})))) == {
        "$select": "name"
    }


def test_nothing_left_is_refused() -> None:
    """An empty list of columns would mean all of them."""
    with pytest.raises(Refused):
        narrowed(options(select="wage,secret"), PERSON, NAMES, HIDDEN)
    with pytest.raises(Refused):
        narrowed(options(select="id", expand="chief($select=wage)"), PERSON, NAMES, HIDDEN)


def test_facts_are_asked_for_where_columns_are_named() -> None:
    """At every level; where the CRM answers with all columns, nothing has to be added."""
    wanted = {"person": frozenset({"country"})}
    tree = options(select="name", expand="chief($select=id),staff")
    wider, added = widened(tree, PERSON, NAMES, wanted)
    assert dict(writing.pairs(wider)) == {
        "$select": "name,country",
        "$expand": "chief($select=id,country),staff",
    }
    assert added == {(): frozenset({"country"}), ("chief",): frozenset({"country"})}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"key": "nope"}, "nope"),
        ({"alternate_keys": [["id", "other"]]}, "other"),
        ({"lookups": {"manager": "name"}}, "manager"),
    ],
)
def test_what_is_declared_must_be_there(change: dict, words: str) -> None:
    """A mistake in the connector is told when it loads, not when somebody asks."""
    model = ODataModel(objects={"person": ODataObject(**{"set": "people", "key": "id"} | change)})
    with pytest.raises(ValueError, match=words):
        Names.compile(model, Words({"person": PERSON}))
    with pytest.raises(ValueError, match="each of the objects"):
        Names.compile(ODataModel(objects={}), Words({"person": PERSON}))
