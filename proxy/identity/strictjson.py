"""JSON objects of tokens and key sets, read so that no second reader could see something else."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

OPENINGS_LIMIT: Final = 1000
"""Of `{` and `[` in one text: no token and no set of 64 keys comes near it, and nesting stays below."""


def read_object(data: bytes) -> Mapping[str, object]:
    """Return the one JSON object that `data` is.

    Raises:
        ValueError: not UTF-8, not JSON, not an object, a key twice at any depth, NaN, or nested too deeply.
            The error says nothing of the content.
    """
    try:
        if data.count(b"{") + data.count(b"[") > OPENINGS_LIMIT:
            raise ValueError
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError("not a strict JSON object") from None
    if not isinstance(value, dict):
        raise ValueError("not a strict JSON object")
    return MappingProxyType(value)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(_: str) -> object:
    raise ValueError
