"""What another process may have written down of keys."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest

from proxy.errors import LychgateError
from proxy.keys.events import What, as_key_event

PROXY = Path(__file__).parents[2] / "proxy"


def test_what_is_done_with_keys_is_taken() -> None:
    """Words, names and numbers."""
    event = as_key_event(json.dumps({"what": "keys_destroy_begun", "detail": "epoch=1 officers=ann,ben"}))
    assert (event.what, event.detail) == ("keys_destroy_begun", "epoch=1 officers=ann,ben")


def test_every_word_that_is_noted_anywhere_is_taken() -> None:
    """Else what works on an installation that stands still is refused by one that runs."""
    sources = [path.read_text("utf-8") for path in (*PROXY.glob("keys/*.py"), *PROXY.glob("cli/keys*.py"))]
    noted = {word for source in sources for word in re.findall(r'note\(\s*"([a-z_]+)"', source)}
    assert {"keys_rotated", "index_key_rotated", "subject_keys_renewed"} <= noted
    assert noted - set(get_args(What)) == set()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        '{"what": "started", "detail": "a=1"}',  # no word of ours
        '{"what": "keys_made"}',
        '{"what": "keys_made", "detail": "Nessa Quill"}',  # free text could be anything
        '{"what": "keys_made", "detail": "a=1\\n"}',
        '{"what": "keys_made", "detail": "a=1", "more": 1}',
        json.dumps({"what": "keys_made", "detail": "a=" + "1" * 600}),
    ],
)
def test_nothing_else_is(said: str) -> None:
    """The ledger is not for anybody's text."""
    with pytest.raises(LychgateError, match="nothing that is done with keys"):
        as_key_event(said)
