"""Successful answers: nothing, or records in a declared envelope."""

import re

import pytest

from proxy.connectors.envelope import Envelope, Nothing
from proxy.connectors.rows import Rows
from proxy.connectors.shape import ANSWERED, Shape
from proxy.connectors.spec import RecordModel
from proxy.connectors.words import ObjectWords, Words
from proxy.errors import UpstreamFault
from proxy.model import Action, FieldSpec, ObjectSpec

PERSON = ObjectWords(ObjectSpec("person", {"name": FieldSpec("user.name")}))


def envelope(places: dict[str, str], *, sealed: str | None = None) -> Envelope:
    """Return an envelope of untyped persons whose links become `sealed`."""
    rows = Rows.compile(RecordModel(), Words({"person": PERSON}), re.compile("[0-9]+"))
    return Envelope(Shape(places, ANSWERED, {}), rows, PERSON, Action.LIST, lambda _, __: sealed)


def test_nothing_is_released_of_a_body_nobody_declared() -> None:
    """A route without an answer shape releases no body, and counts one that came."""
    assert Nothing().open(204, None).pruned == 0
    opened = Nothing().open(200, {"name": "Mara"})
    assert (opened.tree, opened.records, opened.pruned) == (None, [], 1)


def test_records_are_found_in_their_envelope() -> None:
    """Every row is a record of the object asked for, and is the very dict inside the tree."""
    tree = {"rows": [{"name": "Mara"}, {"name": "Zoe"}], "n": 2, "debug": "Mara"}
    opened = envelope({"$.rows[*]": "record", "$.n": "count"}).open(200, tree)
    assert opened.tree == {"rows": [{"name": "Mara"}, {"name": "Zoe"}], "n": 2}
    assert [record.members for record in opened.records] == [{"name": "Mara"}, {"name": "Zoe"}]
    assert opened.records[0].members is tree["rows"][0]
    assert opened.pruned == 1


@pytest.mark.parametrize(
    ("sealed", "kept"), [("/sealed", {"next": "/sealed", "rows": []}), (None, {"rows": []})]
)
def test_links_are_sealed_or_dropped(sealed: str | None, kept: object) -> None:
    """A link to a further page is never released as the CRM wrote it."""
    shape = {"$.rows[*]": "record", "$.next": "more"}
    assert envelope(shape, sealed=sealed).open(200, {"next": "/crm/1", "rows": []}).tree == kept
    assert envelope(shape, sealed=sealed).open(200, {"next": {"a": 1}, "rows": []}).tree == {"rows": []}


def test_a_body_that_is_missing_is_a_fault() -> None:
    """Only 204 says that there is no body."""
    shape = envelope({"$": "record"})
    assert shape.open(204, None).tree is None
    with pytest.raises(UpstreamFault):
        shape.open(200, None)
