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


PSEUDONYM = str(ONE.compile(Effect.TOKENIZE, "user.contact.email", "email")("mara@example.org"))
SEALED = str(ONE.compile(Effect.ENCRYPT, "user.name", "name")("Mara"))


@pytest.mark.parametrize("shown", [PSEUDONYM, SEALED], ids=["pseudonym", "sealed"])
@pytest.mark.parametrize(
    "written",
    [
        "{upper}",  # a form that capitalises
        "{title}",
        "\u200b{shown}",  # signs that nobody sees, in front
        "{begin}\u2060{rest}",  # and inside
        "\uff50\uff4e\uff11{behind}",  # another width
        "{shown}@example.org",  # made an address, since the field wants one
        "Dr. {shown}",
        "{shown}\u00a0",
        "<{shown}>",
        "{shown}.",
    ],
)
def test_a_stand_in_is_known_however_it_is_written(shown, written):
    """What comes back would be put over the truth, and what it stood for is lost then."""
    if "\uff50" in written and shown is SEALED:
        written = "\uff4c\uff45\uff11{behind}"
    parts = {"upper": shown.upper(), "title": shown.title(), "begin": shown[:7], "rest": shown[7:]}
    assert is_standin(written.format(shown=shown, behind=shown[3:], **parts))


@pytest.mark.parametrize(
    "value",
    [
        *(None, 5, "", "pn1", "le1.", "mara@example.org"),
        "pn1 " + "a" * 26,
        "pn1" + "a" * 27,  # longer than one
        "xpn1" + "a" * 26,  # the end of something else
        "pn1" + "8" * 26,  # no base32
        "le1 " + "a" * 40,
    ],
)
def test_values_are_not_taken_for_stand_ins(value):
    """However they begin."""
    assert not is_standin(value)
