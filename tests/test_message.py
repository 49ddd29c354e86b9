"""Headers and leaves: small things that everybody relies on."""

import pytest
from msgspec import Raw

from proxy.codec.xmlrpc import Scalar
from proxy.errors import Undecodable
from proxy.message import Headers, Record, Tree, scalar_text
from proxy.model import Action


@pytest.mark.parametrize(
    ("leaf", "text"),
    [
        ("Mara", "Mara"),
        ("", ""),  # empty is not absent
        (7, "7"),
        (Raw(b"1500.00"), "1500.00"),  # a JSON number, as it stood
        (Scalar("double", "1.10"), "1.10"),  # an XML-RPC one
        (True, None),  # a flag has no text
        (None, None),
        ({"a": 1}, None),
        (["a"], None),
        (object(), None),  # whatever it is, we cannot read it
    ],
)
def test_scalar_text_is_what_stood_in_the_body(leaf: Tree, text: str | None) -> None:
    """Strings and numbers have a text, exactly as it came; nothing else has."""
    assert scalar_text(leaf) == text


def test_one_header_or_none() -> None:
    """A field that stands twice is refused where its one value is asked for."""
    headers = Headers((("a", "1"), ("b", "2"), ("b", "3")))
    assert headers.one("a") == "1"
    assert headers.one("c") is None
    with pytest.raises(Undecodable):
        headers.one("b")
    assert list(headers.without("b")) == [("a", "1")]


def test_a_record_goes_with_the_member_it_stands_in() -> None:
    """What is inside a removed or emptied member is not in the answer any more, however deep it lies."""
    inner: dict[str, Tree] = {"id": 3}
    middle: dict[str, Tree] = {"party": inner}
    outer: dict[str, Tree] = {"mails": [middle]}
    top = Record("Party", Action.READ, outer)
    mail = Record("Mail", Action.READ, middle, within=(top, "mails"))
    party = Record("Party", Action.READ, inner, within=(mail, "party"))
    assert [record.gone for record in (top, mail, party)] == [False, False, False]
    middle["party"] = None
    assert [record.gone for record in (top, mail, party)] == [False, False, True]
    middle["party"] = inner
    del outer["mails"]
    assert [record.gone for record in (top, mail, party)] == [False, True, True]
