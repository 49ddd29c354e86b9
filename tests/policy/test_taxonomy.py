"""Dotted categories."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.taxonomy import CATEGORIES, RECORD, ancestors, below, with_parents


def test_a_category_stands_below_each_of_its_parents() -> None:
    """Ancestors start with the category itself."""
    assert list(ancestors("user.contact.email")) == ["user.contact.email", "user.contact", "user"]


def test_a_word_that_only_begins_alike_is_not_below() -> None:
    """The dot decides, not the spelling."""
    assert below("user.name", {"user.name", "user.name.first", "user.names"}) == {"user.name", "user.name.first"}


def test_every_parent_of_a_built_in_category_is_built_in() -> None:
    """No category hangs in the air, and the record itself has one."""
    assert with_parents(CATEGORIES) == CATEGORIES
    assert RECORD in CATEGORIES


@given(st.lists(st.sampled_from(sorted(CATEGORIES)), max_size=5), st.sampled_from(sorted(CATEGORIES)))
def test_below_and_ancestors_agree(some: list[str], word: str) -> None:
    """A category is below a word exactly when the word is among its ancestors."""
    assert below(word, some) == {each for each in some if word in ancestors(each)}
