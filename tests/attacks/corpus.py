"""The cases as they stand in the files beside this one, ready to be fired; README.md says what a member is."""

import gzip
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote, quote_plus

import yaml

from proxy.demo.installation import Crm
from tests.attacks.target import Outcome

HERE: Final = Path(__file__).parent
MEDIA: Final = "application/json"
PACKED: Final = {"gzip": gzip.compress, "deflate": zlib.compress}
MEMBERS: Final = frozenset({
    "id", "name", "like", "lane", "caller", "purpose", "request", "soql", "headers", "body", "text", "media",
    "form", "raw", "packed", "answer", "sent", "without", "status", "shows", "call", "params",
})  # fmt: skip
ANSWER: Final = frozenset({"status", "headers", "body", "text", "hex", "media", "packed", "raw"})

Members = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One request, what the CRM would say to it, and what may come of that."""

    id: str
    name: str
    lane: Crm
    request: bytes
    answer: bytes
    never_sent: bool = False
    """The request is the attack: the CRM may not see it."""
    without: tuple[bytes, ...] = ()
    """What the CRM may not be sent."""
    statuses: tuple[int, ...] = ()
    """What the client has to be answered, where that matters."""
    shows: tuple[bytes, ...] = ()
    """Of wanted traffic: what the client has to receive."""

    @property
    def wanted(self) -> bool:
        """Whether it is no attack, and has to be kept."""
        return bool(self.shows)

    def hit(self, outcome: Outcome) -> str:
        """Return what an attack got for its pains; "" if it was stopped."""
        if outcome.leaks:
            return "the client learned what it may not"
        if self.never_sent and outcome.sent:
            return "the CRM was asked"
        if any(text in outcome.sent for text in self.without):
            return "the CRM was sent what it may not be"
        return ""

    def lost(self, outcome: Outcome) -> str:
        """Return what of wanted traffic was lost, or what an attack was wrongly told; "" if nothing was."""
        if self.statuses and outcome.status not in self.statuses:
            return f"answered with {outcome.status}"
        missing = [text for text in self.shows if text not in outcome.got]
        return f"{len(missing)} of {len(self.shows)} texts are missing" if missing else ""


def load() -> list[Case]:
    """Return every case of every file, wanted ones first.

    Raises:
        ValueError: a case says something nobody reads, or is like one that is not there.
    """
    raw = [case for path in sorted(HERE.glob("*.yaml")) for case in yaml.safe_load(path.read_text("utf-8"))]
    wanted = {case["id"]: case for case in raw if "shows" in case}
    cases = [_case(_whole(case, wanted)) for case in raw]
    names = [case.name for case in cases]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"two cases are called {sorted(twice)}")
    return sorted(cases, key=lambda case: not case.wanted)


def _whole(case: Members, wanted: Mapping[str, Members]) -> Members:
    """Return an attack with all of the wanted case that it is like, but for what it does otherwise."""
    if unread := case.keys() - MEMBERS | case.get("answer", {}).keys() - ANSWER:
        raise ValueError(f"{case['name']}: nobody reads {sorted(unread)}")
    if "like" not in case:
        return case
    base = dict(wanted[case["like"]])
    base.pop("shows")
    base.pop("status", None)
    for ways in ({"body", "text", "form", "call"}, {"request", "soql", "raw"}):
        if ways & case.keys():
            base = {name: value for name, value in base.items() if name not in ways - {"raw"}}
    answer = {**base.get("answer", {})}
    if {"body", "text", "hex", "raw"} & case.get("answer", {}).keys():
        answer.pop("body", None)
    headers = {**base.get("headers", {}), **case.get("headers", {})}
    return {**base, **case, "answer": {**answer, **case.get("answer", {})}, "headers": headers}


def _case(case: Members) -> Case:
    statuses = case.get("status", ())
    shows = tuple(text.encode() for text in case.get("shows", ()))
    return Case(
        id=case["id"],
        name=case["name"],
        lane=cast("Crm", case["lane"]),
        request=_request(case),
        answer=_answer(case["answer"]),
        never_sent=case.get("sent") == "never",
        without=tuple(text.encode() for text in case.get("without", ())),
        statuses=(statuses,) if isinstance(statuses, int) else tuple(statuses or ((200,) if shows else ())),
        shows=shows,
    )


def _request(case: Members) -> bytes:
    if "raw" in case:
        return _bytes(case["raw"])
    body, media = _body(case)
    target = case.get("request") or f"GET /services/data/v59.0/query?q={quote_plus(case['soql'])}"
    fields: dict[str, object] = {
        "Host": "{host}",
        "Authorization": f"Bearer {{key:{case.get('caller', 'helpdesk')}}}",
    }
    if "purpose" in case:
        fields["X-Purpose"] = case["purpose"]
    if body is not None:
        fields |= {"Content-Type": media, "Content-Length": len(body)}
    fields |= {"Connection": "close"} | case.get("headers", {})
    return _message(f"{target} HTTP/1.1", fields, body or b"")


def _body(case: Members) -> tuple[bytes | None, str]:
    media = case.get("media", MEDIA)
    if "form" in case:
        pairs = [f"{quote(name)}={quote(value)}" for name, value in case["form"]]
        return "&".join(pairs).encode(), "application/x-www-form-urlencoded"
    if "call" in case:
        called = {"id": 1, "method": case["call"], "params": [*case["params"], {}]}
        return json.dumps(called).encode(), media
    if "text" in case:
        body = _bytes(case["text"])
    elif "body" in case:
        body = json.dumps(case["body"]).encode()
    else:
        return None, media
    return PACKED.get(case.get("packed", ""), bytes)(body), media


def _answer(answer: Members) -> bytes:
    """Return the CRM's answer as it goes over the wire."""
    if "raw" in answer:
        return _bytes(answer["raw"])
    if "hex" in answer:
        body = bytes.fromhex(answer["hex"])
    elif "text" in answer:
        body = _bytes(answer["text"])
    else:
        body = json.dumps(answer["body"]).encode() if "body" in answer else b""
    packed = answer.get("packed", "")
    body = PACKED.get(packed, bytes)(body)
    fields: dict[str, object] = {"Content-Type": answer.get("media", MEDIA), "Content-Length": len(body)}
    fields |= (
        ({"Content-Encoding": packed} if packed else {}) | {"Connection": "close"} | answer.get("headers", {})
    )
    return _message(f"HTTP/1.1 {answer.get('status', 200)} Said", fields, body)


def _message(first: str, fields: Mapping[str, object], body: bytes) -> bytes:
    """Return a message as it goes over the wire; a field of None is not sent, one of a list several times."""
    lines = [first]
    for name, value in fields.items():
        lines += [
            f"{name}: {each}" for each in (value if isinstance(value, list) else [value]) if each is not None
        ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _bytes(text: str) -> bytes:
    """Return text of a case as bytes: characters up to ÿ are themselves, others are UTF-8."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
