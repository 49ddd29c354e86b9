"""Objects as a connector's file lists them, turned into words."""

from proxy.connectors.objects import compile_words
from proxy.connectors.spec import ConnectorFile
from proxy.model import UNLIMITED

BASE = {
    "apiVersion": "lychgate.dev/v1",
    "kind": "Connector",
    "metadata": {"name": "x"},
    "routes": [],
    "errors": {},
}
FIELD = {"category": "user.name", "tags": ["special"], "semantic": "name"}


def model(objects: dict[str, object], names: str = "any_case", takes: tuple[str, ...] = ()) -> ConnectorFile:
    """Return a file with these objects."""
    return ConnectorFile.model_validate({**BASE, "names": names, "takes": list(takes), "objects": objects})


def test_fields_and_relations() -> None:
    """Categories, tags and semantics are taken over; a relation stands among the fields as its link."""
    complaints: list[str] = []
    contact = {
        "subject": {"key": "Id"},
        "fields": {"Id": FIELD, "BossId": {"category": "system.link"}},
        "parents": {"Boss": {"object": "Contact", "via": "BossId", "types": ["Name"]}},
        "children": {"Staff": {"object": "Contact", "via": "BossId"}},
        "searched": ["Id"],
    }
    found = compile_words(model({"Contact": contact}), lambda _, text: complaints.append(text))
    words = found.object("CONTACT")
    assert complaints == []
    assert words.spec.fields["Id"].tags == {"special"}
    assert words.spec.fields["Boss"].category == "system.link"
    assert words.parents["Boss"].types == {"Name"}
    assert words.children["Staff"].object == "Contact"
    assert (words.searched, words.spec.subject_key) == (("Id",), "Id")
    assert [words.spelled(name) for name in ("ID", "boss", "STAFF", "Zork")] == ["Id", "Boss", "Staff", "Zork"]


def test_what_the_crm_takes() -> None:
    """A length is a number, or that there is none; what is known of the whole CRM is said of each object."""
    fields = {"a": FIELD | {"length": 40}, "b": FIELD | {"length": "unlimited"}, "c": FIELD}
    found = compile_words(model({"x": {"fields": fields}}, takes=("reserved_domains",)), lambda _, __: None)
    spec = found.object("x").spec
    assert [spec.fields[name].length for name in "abc"] == [40, UNLIMITED, None]
    assert spec.takes == {"reserved_domains"}


def test_exact_names_have_no_other_spelling() -> None:
    """Where case matters, a name in another case is left as it is."""
    found = compile_words(model({"contacts": {"fields": {"email": FIELD}}}, "exact"), lambda _, __: None)
    assert found.object("contacts").spelled("Email") == "Email"


def test_names_that_are_none() -> None:
    """A name that no request could carry is a mistake; a model's name may have dots."""
    complaints: list[tuple[object, str]] = []
    compile_words(
        model({"party.party": {"fields": {"a-b": FIELD}}, "bad name": {"fields": {}}}),
        lambda path, text: complaints.append((path, text)),
    )
    assert complaints == [
        (("objects", "party.party"), '"a-b" cannot be the name of a field'),
        (("objects", "bad name"), "cannot be the name of an object"),
    ]


def test_copies_are_followed_to_what_they_begin_with() -> None:
    """Of another record, and within it; of what is repeated at second hand it is said so."""
    name = {"category": "user.name"}
    contact = {"fields": {"First": name, "Last": name, "Name": name | {"copy_of": ["First", "Last"]}}}
    link = {"category": "system.operations"}
    called = name | {"copy_of": {"object": "contact", "field": "Name", "by": "whose"}}
    case = {"fields": {"whose": link, "called": called, "short": name | {"copy_of": "called"}}}
    complaints: list[tuple[object, str]] = []
    words = compile_words(
        model({"contact": contact, "case": case}), lambda at, text: complaints.append((at, text))
    )
    assert complaints == []
    spec = words.object("case").spec
    assert [(each.field, each.by, each.direct) for each in spec.fields["called"].copies] == [
        ("Name", "whose", True),
        ("First", "whose", False),
        ("Last", "whose", False),
    ]
    assert spec.borrowed.keys() == {"called", "short"}
    assert not words.object("contact").spec.borrowed


def test_copies_of_what_is_not_there() -> None:
    """Each is complained of where it stands."""
    name = {"category": "user.name"}

    def of(**given: str) -> dict[str, object]:
        return name | {"copy_of": {"object": "contact", "field": "Name", "by": "whose", **given}}

    contact = {
        "fields": {"Name": name, "Boss": name, "BossName": of(by="Boss"), "Same": name | {"copy_of": "Same"}}
    }
    case = {
        "fields": {
            "whose": name,
            "a": of(object="contacts"),
            "b": of(field="Nam"),
            "c": of(by="who"),
            "d": of(field="BossName"),
            "e": name | {"copy_of": "wose"},
        }
    }
    complaints: dict[object, str] = {}
    compile_words(model({"contact": contact, "case": case}, "exact"), complaints.__setitem__)
    said = {at[3]: text for at, text in complaints.items() if isinstance(at, tuple)}
    assert said == {
        "Same": "is a copy of itself",
        "a": 'no object "contacts" (did you mean "contact"?)',
        "b": 'contact has no field "Nam" (did you mean "Name"?)',
        "c": 'no field "who" that could link it (did you mean "whose"?)',
        "d": "repeats contact.BossName, which is a copy itself: name what that one repeats",
        "e": 'case has no field "wose" (did you mean "whose"?)',
    }
