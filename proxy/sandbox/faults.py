"""How a sandbox misbehaves on demand: what a proxy has to survive from a CRM it does not control.

A test adds a `Fault` to `sandbox.faults`; the next calls that match it are answered badly, and then it is
used up. There is no way to add one over HTTP.
"""

import gzip
import html
import json
import threading
from dataclasses import dataclass
from typing import Literal

from proxy.sandbox.exchange import Answer, Call

FaultKind = Literal[
    "delay",
    "crash",
    "hang_up",
    "truncate",
    "lie",
    "content_type",
    "extra_members",
    "duplicate_keys",
    "gzip",
    "garble",
]
"""What goes wrong:

- `delay`: the answer comes `seconds` late.
- `crash`: 500 with an HTML page whose stack trace repeats the request and the answer it would have been.
- `hang_up`: the work is done, and the connection is closed without an answer.
- `truncate`: Content-Length is right, half of the body comes, then the connection is closed.
- `lie`: nothing is done, and the answer says 204 as if it had been (a delete that keeps everything).
- `content_type`: the body is right, the Content-Type is `media`.
- `extra_members`: every JSON object carries undeclared members with the person's data in them.
- `duplicate_keys`: every JSON object with members says its first member twice, the other value first.
- `gzip`: the body is compressed, whether or not the client asked for it.
- `garble`: the body ends in the middle, and Content-Length agrees with that.
"""

LEAK = "leaked-by-a-fault canary@example.org +353 1 555 0199"
"""What `extra_members` puts into every object: a value that no connector declares."""


@dataclass(slots=True)
class Fault:
    """One misfortune waiting for its calls."""

    kind: FaultKind
    method: str = ""
    """Only calls with this method; "" for every one."""
    path: str = ""
    """Only calls whose path contains this text."""
    times: int = 1
    """How many matching calls are hit; -1 for all until `Faults.clear`."""
    seconds: float = 0.0
    media: str = "text/plain"

    def matches(self, call: Call) -> bool:
        """Whether this fault is meant for this call."""
        return self.times != 0 and self.method in {"", call.method} and self.path in call.path


class Faults:
    """The misfortunes of one sandbox; safe to use from another thread than the server's."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Let `fault` hit the next calls that match it."""
        with self._lock:
            self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        """Behave well from now on."""
        with self._lock:
            self._waiting.clear()

    def take(self, call: Call) -> list[Fault]:
        """Return what goes wrong with this call, and count it as used."""
        with self._lock:
            hit = [fault for fault in self._waiting if fault.matches(call)]
            for fault in hit:
                fault.times -= 1 if fault.times > 0 else 0
            self._waiting = [fault for fault in self._waiting if fault.times != 0]
        return hit


def bend(answer: Answer, fault: Fault, call: Call) -> Answer:
    """Return the answer as `fault` spoils it; kinds that spoil the connection change nothing here."""
    body = answer.body()
    if fault.kind == "crash":
        headers = {"Content-Type": "text/html;charset=utf-8"}
        return Answer(500, headers=headers, raw=_stack_trace(call, body))
    if fault.kind == "content_type":
        return Answer(answer.status, headers=answer.headers | {"Content-Type": fault.media}, raw=body)
    if fault.kind == "extra_members" and answer.is_json:
        answer.tree = _with_extra(answer.tree)
        return answer
    if fault.kind == "duplicate_keys" and answer.is_json:
        return Answer(answer.status, headers=answer.headers, raw=_twice(answer.tree).encode())
    if fault.kind == "gzip" and body:
        headers = answer.headers | {"Content-Encoding": "gzip"}
        return Answer(answer.status, headers=headers, raw=gzip.compress(body, mtime=0))
    if fault.kind == "garble":
        return Answer(answer.status, headers=answer.headers, raw=body[: len(body) // 2])
    return answer


def _stack_trace(call: Call, body: bytes) -> bytes:
    shown = html.escape(f"{call.method} {call.path}?{call.query}\n{call.body.decode(errors='replace')}")
    held = html.escape(body.decode(errors="replace"))
    return (
        "<html><head><title>Internal Server Error</title></head><body><h1>500</h1><pre>"
        f"java.lang.IllegalStateException: cannot render {held}\n"
        "\tat com.example.crm.web.RecordServlet.render(RecordServlet.java:218)\n"
        f"Request was:\n{shown}</pre></body></html>"
    ).encode()


def _with_extra(tree: object) -> object:
    if isinstance(tree, dict):
        extra = {"debugInfo": LEAK, "_internal": {"lastSeen": LEAK}}
        return {name: _with_extra(value) for name, value in tree.items()} | extra
    if isinstance(tree, list):
        return [_with_extra(item) for item in tree]
    return tree


def _twice(tree: object) -> str:
    """Write JSON in which each object's first member stands twice; readers disagree on which one counts."""
    if isinstance(tree, dict):
        members = [f"{json.dumps(name)}:{_twice(value)}" for name, value in tree.items()]
        return "{" + ",".join([f"{json.dumps(name)}:{json.dumps(LEAK)}" for name in [*tree][:1]] + members) + "}"
    if isinstance(tree, list):
        return "[" + ",".join(map(_twice, tree)) + "]"
    return json.dumps(tree, ensure_ascii=False)
