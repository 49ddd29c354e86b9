"""Names of objects and fields."""

import pytest

from proxy.connectors import Connector
from proxy.connectors.words import UNCLASSIFIED, ObjectWords, Relation, Words, spec_of
from proxy.errors import Gap
from proxy.model import FieldSpec, ObjectSpec

FIELDS = {"Id": FieldSpec("system.operations"), "AccountId": FieldSpec("system.link")}
PARENT = {"Account": Relation("Account", "Account", "AccountId", frozenset())}


def test_a_relation_is_classified_as_its_link() -> None:
    """An answer may write a relation as null; that says what an empty link says."""
    spec = spec_of("Contact", FIELDS, PARENT, "Id")
    assert spec.fields["Account"].category == "system.link"


def test_listed_names_only_fields() -> None:
    """A relation, and whatever nobody listed, is unclassified; what it was called is not repeated."""
    words = ObjectWords(spec_of("Contact", FIELDS, PARENT, "Id"), PARENT, {}, (), {"id": "Id"})
    assert words.listed("ID") == "Id"
    assert words.listed("Account") == UNCLASSIFIED
    assert words.listed("SSN__c") == UNCLASSIFIED


def test_case_matters_where_nothing_says_otherwise() -> None:
    """Without spellings, a name in the other case is another name."""
    words = ObjectWords(ObjectSpec("contacts", FIELDS))
    assert words.listed("id") == UNCLASSIFIED
    assert Words({"contacts": words}).object("contacts") is words
    with pytest.raises(Gap) as caught:
        Words({"contacts": words}).object("Contacts")
    assert (caught.value.kind, caught.value.detail) == ("object", "")


def test_the_catalogue_is_for_reading(salesforce: Connector) -> None:
    """Policy gets every object with its fields, and can change none of them."""
    contact = salesforce.catalogue["Contact"]
    assert contact.subject_key == "Id"
    assert contact.fields["Allergies__c"].tags == {"special"}
    assert contact.fields["Iban__c"].semantic == "iban"
    with pytest.raises(TypeError):
        salesforce.catalogue["Contact"] = contact  # type: ignore[index]
    with pytest.raises(TypeError):
        contact.fields["Id"] = contact.fields["Email"]  # type: ignore[index]
