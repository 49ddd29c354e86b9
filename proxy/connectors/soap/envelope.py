"""An envelope: who sends it, which call it makes, and what the answer to it holds."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxy.errors import Gap, Undecodable, UpstreamFault
from proxy.message import Tree

ENVELOPE: Final = "soap:Envelope"
HEADER: Final = "soap:Header"
BODY: Final = "soap:Body"
SESSION: Final = "p:SessionHeader"
SESSION_ID: Final = "p:sessionId"

_OPTIONS: Final[Mapping[str, tuple[str, re.Pattern[str]]]] = {
    "p:QueryOptions": ("p:batchSize", re.compile(r"[0-9]{1,5}", re.ASCII)),
    "p:AllOrNoneHeader": ("p:allOrNone", re.compile(r"true|false")),
}
"""Headers that are sent on: their only member, and what it looks like."""
_LEFT_OUT: Final = frozenset({SESSION, "p:CallOptions"})


@dataclass(frozen=True, slots=True)
class Call:
    """One envelope, taken apart."""

    name: str
    """What is called, with its prefix: `p:query`."""
    arguments: Mapping[str, Tree]
    options: Mapping[str, Tree]
    session: str | None


def members(tree: Tree) -> dict[str, Tree]:
    """Return the elements of an element, without its attributes; raises Gap if it is text.

    An element that holds nothing has none.
    """
    if tree is None or tree == "":
        return {}
    if not isinstance(tree, dict):
        raise Gap("construct", "unknown_value")
    return {name: value for name, value in tree.items() if not name.startswith("@")}


def take(tree: Tree) -> Call:
    """Return an envelope taken apart.

    Raises:
        Gap: a header that changes what is answered, or an element that nobody knows.
        Undecodable: it is no envelope.
    """
    outer = members(tree.get(ENVELOPE)) if isinstance(tree, dict) else {}
    if not outer.keys() <= {HEADER, BODY}:
        raise Gap("construct", "unknown_member")
    body = members(outer.get(BODY))
    if len(body) != 1:
        raise Undecodable("no_call")
    ((name, arguments),) = body.items()
    header = members(outer.get(HEADER))
    session = members(header.get(SESSION)).get(SESSION_ID)
    options = {each: _option(each, value) for each, value in header.items() if each not in _LEFT_OUT}
    return Call(name, members(arguments), options, str(session) if isinstance(session, str) else None)


def _option(name: str, value: Tree) -> Tree:
    if name not in _OPTIONS:
        raise Gap("construct", "refused_header")
    member, pattern = _OPTIONS[name]
    found = members(value)
    text = found.get(member)
    if found.keys() != {member} or not isinstance(text, str) or not pattern.fullmatch(text):
        raise Gap("construct", "refused_header")
    return {member: str(text)}


def wrapped(call: Call, arguments: Mapping[str, Tree]) -> Tree:
    """Return the envelope that is sent; whose session it is stands there once it is signed."""
    header = {SESSION: {SESSION_ID: ""}, **call.options}
    return {ENVELOPE: {HEADER: header, BODY: {call.name: dict(arguments)}}}


def signed(tree: Tree, session: str) -> Tree:
    """Return an envelope with a session."""
    assert isinstance(tree, dict)
    outer = tree[ENVELOPE]
    assert isinstance(outer, dict)
    header = outer[HEADER]
    assert isinstance(header, dict)
    return {ENVELOPE: {**outer, HEADER: {**header, SESSION: {SESSION_ID: session}}}}


def results(tree: Tree | None, call: Call) -> list[Tree]:
    """Return the results in the answer to a call.

    Raises:
        UpstreamFault: it is no answer to this call.
    """
    outer = tree.get(ENVELOPE) if isinstance(tree, dict) else None
    body = outer.get(BODY) if isinstance(outer, dict) else None
    if not isinstance(body, dict) or body.keys() != {f"{call.name}Response"}:
        raise UpstreamFault("unexpected_shape")
    response = body[f"{call.name}Response"]
    found = response.get("p:result", []) if isinstance(response, dict) else []
    if not isinstance(found, list):
        raise UpstreamFault("unexpected_shape")
    return found


def answered(call: Call, found: list[Tree]) -> Tree:
    """Return the answer to a call."""
    response: Tree = {"p:result": found} if found else {}
    return {ENVELOPE: {BODY: {f"{call.name}Response": response}}}
