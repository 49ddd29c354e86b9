"""The draft of a playbook, in comments: how an API that nobody knows might be asked to forget somebody.

Only what the document says is in it: objects with an address that a list takes as a condition, and that can be
read, changed and deleted one by one. Whether a delete really deletes, no document says.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

import yaml

from proxy.connectors.drafting.categories import suggest

_HEAD: Final = """
# How somebody is erased (`lychgate erasure`), as far as the document tells; take the comment signs away to use
# it, and try it on a copy first. Nobody has said:
#   whether a deleted record can still be read or restored somewhere (`deleted`, `purge`, `lingers`, `delays`)
#   what else belongs to a person, or names one (`of`, `free_text`), and which other fields tell who it is
#   how a further page of a list is asked for (`more`, `cursor`)
#   what nobody can look into, which then stands in every certificate (`residual`)
"""


class Described(Protocol):
    """An operation that is taken over."""

    match: str
    action: str
    of: str
    query: dict[str, object]
    body: tuple[str, ...] | None
    answer: dict[str, str] | None


def drafted(routes: Iterable[Described], objects: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the section in comments, "" if the document tells too little of every object."""
    known = {name: found for name in objects if (found := _calls([each for each in routes if each.of == name]))}
    people = {name: each for name, each in known.items() if _addresses(each[1])}
    if not people:
        return ""
    (first, (calls, _)), *others = people.items()
    section = {
        "erasure": {
            "residual": ["Whatever of this CRM nobody has looked into yet."],
            "calls": calls,
            "objects": {
                first: _object(objects[first], people[first][1]),
                **{name: _object(objects[name], each[1]) | {"calls": each[0]} for name, each in others},
            },
        }
    }
    text = yaml.safe_dump(section, sort_keys=False, default_flow_style=None, width=109, allow_unicode=True)
    return _HEAD + "".join(f"# {line}\n" for line in text.splitlines())


def _calls(routes: list[Described]) -> tuple[dict[str, Any], list[str]] | None:
    """Return an object's calls, and the fields that its list takes as conditions; None if a call is missing."""
    by_action = {each.action: each for each in reversed(routes)}
    if not by_action.keys() >= {"read", "list", "update", "delete"}:
        return None
    listed, one = by_action["list"], by_action["read"]
    filters = [
        str(kind["filter"]) for kind in listed.query.values() if isinstance(kind, dict) and "filter" in kind
    ]
    body: object = "{values}"
    for step in reversed(by_action["update"].body or ()):
        body = {step: body}
    found = {"send": listed.match, "query": {"{field}": "{value}"}, "most": 1, "records": _records(listed)}
    return {
        "read": {"send": one.match, "records": _records(one), "absent": [404]},
        "find": found,
        "write": {"send": by_action["update"].match, "body": body, "absent": [404]},
        "delete": {"send": by_action["delete"].match, "absent": [404]},
    }, filters


def _records(route: Described) -> str:
    return next((path for path, kind in (route.answer or {}).items() if kind in {"record", "optional"}), "$")


def _addresses(filters: Iterable[str]) -> list[str]:
    return [name for name in filters if suggest(name).semantic == "email"]


def _object(fields: Mapping[str, Any], filters: list[str]) -> dict[str, Any]:
    kinds = {name: suggest(name).semantic for name in filters}
    names = [name for name in fields if suggest(name).semantic == "name"]
    return {
        "person": True,
        "key": "id",
        "identifies": {name: kind for name, kind in kinds.items() if kind in {"email", "phone", "id"}},
        **({"called": [names]} if names else {}),
        "same": [[name] for name in _addresses(filters)],
        "then": "delete",
    }
