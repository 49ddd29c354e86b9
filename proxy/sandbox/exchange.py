"""One call to a sandbox and its answer, free of sockets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote


@dataclass(frozen=True, slots=True)
class Call:
    """A whole request."""

    method: str
    path: str
    """Percent-encoded, without the query."""
    query: str = ""
    """Without the `?`, percent-encoded."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Names are compared as the mapping compares them; the server hands over one that ignores case."""
    body: bytes = b""
    origin: str = "http://localhost"
    """Scheme and authority under which the client reached us, for links in answers."""

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's parts, decoded; a slash at the end makes no difference, as at the real services."""
        return tuple(unquote(part) for part in self.path.strip("/").split("/"))

    @property
    def arguments(self) -> dict[str, list[str]]:
        """The query's parameters, decoded, empty ones included."""
        return parse_qs(self.query, keep_blank_values=True)

    def argument(self, name: str) -> str | None:
        """Return the last value of a query parameter, or None."""
        return self.arguments.get(name, [None])[-1]

    def bearer(self) -> str | None:
        """Return the bearer token, or None."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() in {"bearer", "oauth"} else None


@dataclass(slots=True)
class Answer:
    """What goes back: a JSON tree, or `raw` bytes of another type, or nothing at all (204)."""

    status: int = 200
    tree: object = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    """Takes the place of `tree`; Content-Type is then in `headers`."""
    pretty: bool = False

    @property
    def is_json(self) -> bool:
        """Whether the body will be JSON made from `tree`."""
        return self.raw is None and self.status not in {204, 304}

    def body(self) -> bytes:
        """Return the bytes to send."""
        if self.raw is not None:
            return self.raw
        if not self.is_json:
            return b""
        layout = {"indent": 2, "separators": (",", " : ")} if self.pretty else {"separators": (",", ":")}
        return json.dumps(self.tree, ensure_ascii=False, **layout).encode()
