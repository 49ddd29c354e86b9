"""The worklist of people who would have been stored again: counted, by case and lane, and nothing of them."""

import pytest

from proxy.erasure.returns import Returns
from proxy.erasure.tables import CHAPTER
from proxy.store import Store
from proxy.store.store import url_of


@pytest.fixture
def store(tmp_path):
    """An empty store."""
    found = Store.open(url_of(tmp_path / "store.db"), (CHAPTER,))
    yield found
    found.close()


def test_attempts_are_counted_by_case_and_lane(store) -> None:
    """From the first to the last; another process with the same store sees them."""
    mine, theirs = Returns(store), Returns(store)
    for case, lane, now in (("b", "hubspot", 5), ("a", "hubspot", 7), ("b", "hubspot", 9), ("b", "odoo", 6)):
        mine.note(case, lane, now)
    assert theirs.waiting() == [
        {"case": "b", "lane": "hubspot", "first": 5, "last": 9, "count": 2},
        {"case": "b", "lane": "odoo", "first": 6, "last": 6, "count": 1},
        {"case": "a", "lane": "hubspot", "first": 7, "last": 7, "count": 1},
    ]


def test_a_case_leaves_the_list_as_a_whole(store) -> None:
    """Others stay."""
    returns = Returns(store)
    returns.note("a", "hubspot", 7)
    returns.note("b", "hubspot", 7)
    assert (returns.drop("a"), returns.drop("a")) == (1, 0)
    assert [one["case"] for one in returns.waiting()] == ["b"]
