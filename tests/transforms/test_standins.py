"""What recipients are shown instead of values, and what of it is known again."""

import pytest

from proxy.model import Effect
from proxy.transforms import StandIns, is_standin

ONE, OTHER = StandIns(bytes(32), "one"), StandIns(bytes(32), "other")


@pytest.mark.parametrize("effect", [Effect.TOKENIZE, Effect.ENCRYPT])
def test_nothing_stays_nothing_and_the_rest_is_hidden_whole(effect):
    """Null and blank say what they say; numbers are taken for their text."""
    apply = ONE.compile(effect, "user.contact.email", "email")
    assert (apply(None), apply("")) == (None, "")
    assert apply(True) is None
    for value in ("mara@example.org", 42):
        shown = apply(value)
        assert is_standin(shown)
        assert is_standin(f" {shown} ")
        assert "mara" not in str(shown)


def test_equal_values_have_one_pseudonym_for_one_recipient_and_element():
    """IO-20: by their normal form; and two recipients cannot join theirs."""
    mail = ONE.compile(Effect.TOKENIZE, "user.contact.email", "email")
    assert mail("Mara@Example.org") == mail(" mara@example.org ")
    assert mail("mara@example.org") != OTHER.compile(Effect.TOKENIZE, "user.contact.email", "email")(
        "mara@example.org"
    )
    assert mail("mara@example.org") != ONE.compile(Effect.TOKENIZE, "user.unique_id", "email")(
        "mara@example.org"
    )
    sealed = ONE.compile(Effect.ENCRYPT, "user.contact.email", "email")
    assert sealed("mara@example.org") != sealed("mara@example.org")


@pytest.mark.parametrize(
    "value", [None, 5, "", "pn1", "pn1" + "A" * 26, "le1.", "mara@example.org", "pn1 " + "a" * 26]
)
def test_values_are_not_taken_for_stand_ins(value):
    """However they begin."""
    assert not is_standin(value)
