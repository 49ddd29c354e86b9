"""What is on record of keys: a closed set of words, with names and numbers, never a secret."""

from typing import Annotated, Final, Literal

import msgspec

from proxy.errors import LychgateError

What = Literal[
    "keys_made",
    "keys_rotated",
    "keys_rewrapped",
    "keys_suspended",
    "keys_resumed",
    "keys_compromised",
    "keys_destroy_asked",
    "keys_destroy_withdrawn",
    "keys_destroy_voided",
    "keys_destroy_begun",
    "keys_destroy_scheduled",
    "keys_destroyed",
    "subject_keys_renewed",
    "index_key_rotated",
    "index_key_retired",
    "values_protected",
    "values_revealed",
    "value_looked_up",
]
_DETAIL: Final = r"^[a-z0-9_]+=[a-z0-9,_-]+( [a-z0-9_]+=[a-z0-9,_-]+)*\Z"


class KeyEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of them."""

    what: What
    detail: Annotated[str, msgspec.Meta(pattern=_DETAIL, max_length=500)]


def as_key_event(said: str) -> KeyEvent:
    """Return what another process says that it is about to do.

    Args:
        said: JSON, unverified.

    Raises:
        LychgateError: it is nothing that is done with keys.
    """
    try:
        return msgspec.json.decode(said, type=KeyEvent)
    except msgspec.MsgspecError:
        raise LychgateError("that is nothing that is done with keys") from None
