"""Records of a page opened together come out as if each had been opened by itself, or each is."""

import copy
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.connectors import Asked, Connector, envelope, load_connector
from proxy.connectors.alike import FEWEST
from proxy.errors import ExchangeError
from proxy.message import Headers, Request, Tree

QUERY = "SELECT Id, Name, Email, Description FROM Contact"
WANTED = {"Contact": frozenset({"country", "consents", "nobody_knows"})}

SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4)
LEAVES = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from("ab"), SCALARS, max_size=2)
KEYS = st.sampled_from(["003000000000001AAA", "003000000000002AAA", "nobody", ""])
TYPES = st.sampled_from(["Contact"] * 12 + ["Account", "contact", ""])
ATTRIBUTES = st.fixed_dictionaries(
    {"type": TYPES}, optional={"url": KEYS.map(lambda key: f"/x/{key}") | LEAVES, "odd": LEAVES}
)
NAMES = st.sampled_from(
    ["Id", "Name", "Email", "Description", "MailingCountry", "Account", "Cases", "Unknown__c"]
)


@st.composite
def pages(draw: st.DrawFn) -> list[Tree]:
    """Return records that mostly have the same members, as the CRM or somebody worse would write them."""
    names = draw(st.lists(NAMES, unique=True))
    shared = draw(ATTRIBUTES)
    like = st.fixed_dictionaries(
        {
            "attributes": st.just(shared).map(copy.deepcopy) if draw(st.booleans()) else ATTRIBUTES,
            **{name: KEYS if name == "Id" else LEAVES for name in names},
        }
    )
    one = like | ATTRIBUTES | LEAVES if draw(st.integers(0, 3)) == 0 else like
    return draw(st.lists(one, max_size=2 * FEWEST))


@cache
def salesforce() -> Connector:
    """Return the connector as it ships."""
    return load_connector(Path(__file__).parents[2] / "policies/connectors/salesforce.yaml")


def asked(*, gathering: bool) -> Asked:
    """Return a query as understood."""
    connector = salesforce()
    request = Request("GET", "/services/data/v59.0/query", "q=" + QUERY.replace(" ", "+"), Headers())
    found = connector.route(request).recognise(request, None, binding="test")
    if gathering:
        found.gather(WANTED)
    return found


def outcome(question: Asked, rows: list[Tree]) -> object:
    """Return all that opening an answer comes to, however its records are held."""
    tree = {"totalSize": 1, "done": True, "records": copy.deepcopy(rows)}
    try:
        opened = question.open(200, tree)
    except ExchangeError as error:
        return type(error), error.reason
    found = [
        (each.object, each.action, each.members, each.keep, each.key, each.facts) for each in opened.records
    ]
    for alike in opened.alike:
        facts = alike.facts or [None] * len(alike.rows)
        found += [
            (alike.object, alike.action, row, alike.keep, key, fact)
            for row, key, fact in zip(alike.rows, alike.keys, facts, strict=True)
        ]
    unknown = [getattr(facts, "unknown", None) for *_, facts in found]
    order = [list(members) for _, _, members, *_ in found]
    return opened.tree, opened.pruned, found, unknown, order


@settings(deadline=None)
@given(pages(), st.booleans())
def test_together_is_as_each_by_itself(rows: list[Tree], gathering: bool) -> None:
    """Tree, keys, facts, what is pruned and what is refused are the same on both ways."""
    question = asked(gathering=gathering)
    fast = outcome(question, rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(envelope, "together", lambda *_: None)
        assert outcome(question, rows) == fast


def _plain(number: int) -> dict[str, Tree]:
    key = f"00300000000000{number}AAA"
    return {"attributes": {"type": "Contact", "url": f"/x/{key}"}, "Id": key, "Name": "Mara"}


@pytest.mark.parametrize(
    ("edit", "alike"),
    [
        (lambda _: None, 1),
        (lambda row: row.update(Name={"hidden": 1}), 1),
        (lambda row: row.update(More=1), 0),
        (lambda row: row.update(attributes={"type": "Account", "url": "/x"}), 0),
        (lambda row: row.update(attributes={"type": "Contact"}), 0),
        (lambda row: row.update(attributes={"type": ["Contact"], "url": "/x"}), 0),
        (lambda row: row.update(attributes="Contact"), 0),
    ],
)
def test_only_what_is_alike_is_opened_together(edit: Callable[[dict[str, Tree]], None], alike: int) -> None:
    """One record that is not as the others is enough, whatever it holds in its fields."""
    rows = [_plain(number) for number in range(FEWEST)]
    edit(rows[-1])
    question = asked(gathering=False)
    try:
        opened = question.open(200, {"records": rows, "done": True})
    except ExchangeError:
        assert alike == 0
    else:
        assert len(opened.alike) == alike
        assert all("url" not in row["attributes"] for row in rows)  # type: ignore[operator]


def test_a_few_records_are_opened_one_by_one() -> None:
    """Below a handful nothing would be saved."""
    rows = [_plain(number) for number in range(FEWEST - 1)]
    opened = asked(gathering=False).open(200, {"records": rows, "done": True})
    assert (len(opened.alike), len(opened.records)) == (0, FEWEST - 1)
