"""JSON in a parameter: one text for one value, and nothing between the lines."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.connectors import Connector, load_connector
from proxy.connectors.rpcrest import unfolded
from proxy.errors import Problems, Undecodable

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_what_was_folded_unfolds(value: object) -> None:
    """With padding and without."""
    text = base64.urlsafe_b64encode(json.dumps(value).encode()).decode()
    assert unfolded(text) == value
    assert unfolded(text.rstrip("=")) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "W10=====",
        "W1",
        "W11",
        "W1 0",
        "W10\n",
        "W10+",
        "eyJhIjoxLCJhIjoyfQ",
        "TmFO",
        "MS41",
        "_w",
        "A" * 16_001,
    ],
)
def test_what_can_be_read_in_two_ways_is_not_read(text: str) -> None:
    """Bits that are left over, other alphabets, names that stand there twice, numbers JSON has not."""
    with pytest.raises(Undecodable):
        unfolded(text)


def test_a_route_is_one_of_the_five(root, tmp_path) -> None:
    """Anything else is told when the connector loads."""
    text = (root / "policies/connectors/tryton.yaml").read_text("utf-8")
    wrong = text.replace(
        '"PUT /{database}/rest/model/{model}/{id}"', '"PATCH /{database}/rest/model/{model}/{id}"'
    )
    (tmp_path / "c.yaml").write_text(wrong, "utf-8")
    with pytest.raises(Problems, match="by a method that belongs to it"):
        load_connector(tmp_path / "c.yaml")
    assert isinstance(load_connector(root / "policies/connectors/tryton.yaml"), Connector)
