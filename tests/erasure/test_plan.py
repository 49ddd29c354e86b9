"""A plan is named by its hash: anything that changes it changes that."""

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from proxy.erasure.plan import Kept, Known, Plan, Spot, Step, canonical, summary

STEP = Step("delete", "salesforce", "Contact", "003", print="p")
PLAN = Plan(
    "case", "salt", (STEP,), (), (Known("email", "a@b.example"),), (Spot("salesforce", "Contact", "003"),), ()
)


def test_every_field_is_in_the_hash() -> None:
    """Another case, salt, step, value, record or warning is another plan."""
    others = [
        {"case": "other"}, {"salt": "other"}, {"steps": ()}, {"known": ()}, {"people": ()},
        {"related": (Spot("a", "b", "c"),)}, {"warning": ("x",)},
        {"kept": (Kept("a", "b", "c", (), "x"),)}, {"steps": (msgspec.structs.replace(STEP, print="q"),)},
    ]  # fmt: skip
    hashes = [PLAN.hash, *(msgspec.structs.replace(PLAN, **other).hash for other in others)]
    assert len(set(hashes)) == len(hashes)
    assert PLAN.short == PLAN.hash[:12]


def test_what_was_found_is_told_from_who_found_it() -> None:
    """Salt and case do not count as drift; what a record holds, what is searched for and what is said do."""
    assert msgspec.structs.replace(PLAN, salt="x", case="y").found == PLAN.found
    assert msgspec.structs.replace(PLAN, steps=(msgspec.structs.replace(STEP, print="q"),)).found != PLAN.found
    for change in ({"known": (Known("email", "new@b.example"),)}, {"warning": ("x",)}):
        assert msgspec.structs.replace(PLAN, **change).found != PLAN.found


def test_the_summary_says_no_id_and_no_value() -> None:
    """Counts, words and reasons; what stands on a screen is read over shoulders."""
    text = "\n".join(summary(PLAN))
    assert "1 Contact in salesforce: deleted" in text
    assert "003" not in text
    assert "a@b.example" not in text


@given(st.lists(st.text(min_size=1), unique=True, min_size=2, max_size=5))
def test_the_canonical_form_is_one(names: list[str]) -> None:
    """The order of members never matters; other content is other bytes."""
    trees = [dict.fromkeys(names, 1), dict.fromkeys(reversed(names), 1)]
    assert canonical(trees[0]) == canonical(trees[1])
    assert all(canonical(one) != canonical(other) for one, other in pairwise(names))
