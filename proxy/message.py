"""HTTP messages as frozen values, and the records found inside their bodies.

`Request` and `Response` are what a data plane hands to `enforce` and gets back; nothing here knows which
data plane it was. Bodies are bytes with every content-coding undone. A decoded body is a *tree*: dict (keys
are str, order kept), list, str, bool, None, int, and opaque scalars that a codec puts in to keep a lexeme
exact (a number such as 1.10). Code that walks a tree treats any other leaf as opaque; `scalar_text` says what
stands in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from msgspec import Raw

from proxy.errors import Undecodable
from proxy.model import Action, Facts

Tree = object
"""A decoded body; see the module's docstring."""


def scalar_text(leaf: Tree) -> str | None:
    """Return the text of a string or number as it stood in the body; None for null, bool and containers."""
    if isinstance(leaf, str):
        return leaf
    if isinstance(leaf, int):
        return None if isinstance(leaf, bool) else str(leaf)
    if isinstance(leaf, Raw):
        return bytes(leaf).decode()
    text = getattr(leaf, "text", None)
    return text if isinstance(text, str) else None


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in order; names lower-case ASCII, values without control characters.

    The data plane has checked the grammar; nobody here repairs a header.
    """

    fields: tuple[tuple[str, str], ...] = ()

    def one(self, name: str) -> str | None:
        """Return the value of the only field called `name`, or None.

        Raises:
            Undecodable: the field stands there twice; two readers could each take another one.
        """
        found = [value for key, value in self.fields if key == name]
        if len(found) > 1:
            raise Undecodable("repeated_header", name)
        return found[0] if found else None

    def without(self, *names: str) -> "Headers":
        """Return the same headers less every field whose name is among `names`."""
        return Headers(tuple(pair for pair in self.fields if pair[0] not in names))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.fields)


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end of the client's connection, as far as the transport knows."""

    address: str = ""
    """Numeric address, unauthenticated; never written to the ledger."""
    sans: tuple[str, ...] = ()
    """Subject alternative names of a client certificate that the transport verified, `dns:x` or `uri:y`."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the client sent it, or as it goes to the CRM."""

    method: str
    """Upper-case, one of the methods the data plane lets through."""
    path: str
    """Percent-encoded, starts with `/`, free of dot segments, `//`, `;`, `\\` and encoded slashes."""
    query: str = ""
    """Without the `?`; percent-encoded, unparsed."""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    """Content-codings undone."""
    peer: Peer = field(default_factory=Peer)
    host: str = ""
    """What the client calls us, `host[:port]` in lower case; not forwarded."""


@dataclass(frozen=True, slots=True)
class Response:
    """One response as the CRM sent it, or as it goes to the client."""

    status: int
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""


RECORD_ITSELF: Final = ""
"""The field name that stands for the record as a whole, where an action has no field (delete, share)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one of several values of a field stands; it goes from there if it may not be shown.

    So a list of hidden values looks like an empty one, and nobody can tell how many there are.
    """

    holder: "list[Tree] | dict[str, Tree]"
    outer: "Place | None" = None
    """Where the holder stands; None: it stays, empty as it may be."""
    whole: Tree | None = None
    """What goes from `outer` with the last of the values, if that is more than the holder."""

    def remove(self, gone: Tree) -> None:
        """Take something out of the holder, and the holder out of its own place once it is empty."""
        if isinstance(self.holder, dict):
            for name in [name for name, value in self.holder.items() if value is gone]:
                del self.holder[name]
        else:
            self.holder[:] = [each for each in self.holder if each is not gone]
        self.settle()

    def settle(self) -> None:
        """Take the holder out of its own place if it is empty."""
        if not self.holder and self.outer is not None:
            self.outer.remove(self.holder if self.whole is None else self.whole)


@dataclass(slots=True)
class Record:
    """A place in a tree that holds fields of one object; `members` is the live dict, edited in place.

    A record that nests another (a parent by relationship, HubSpot's `properties`) lists the member in `keep`
    and the inner record is a `Record` of its own: `keep` never releases a value nobody judged.
    """

    object: str
    """Object name in the connector's catalogue; an unknown object is refused before it becomes a Record."""
    action: Action
    """What is done to the fields: read, list, create, update, aggregate, ..."""
    members: dict[str, Tree]
    names: Mapping[str, tuple[str, str, Action]] | None = None
    """Member -> (object, field, action), where a query renamed or computed columns; None: member = field."""
    keep: frozenset[str] = frozenset()
    """Members that hold structure only, judged elsewhere."""
    key: str | None = None
    """The CRM's id of this record, if the answer says it; only its pseudonym may be written down."""
    within: "tuple[Record, str] | None" = None
    """The record this one stands in and the member that holds it, where policy may take that member away."""
    facts: Facts | None = None
    """What conditions may know of it, as the CRM sent it; None: nothing. Never written down."""
    guesses: bool = False
    """The members are one value by each name it may have: only the CRM knows which it is."""
    targets: tuple[str, ...] = ()
    """Of a write: the CRM's ids of the records that get these values; empty: it makes one, or nobody says."""
    live: Mapping[str, tuple[dict[str, Tree], str]] | None = None
    """Of a write: member -> where it stands in what is sent, the dict and the name there; None: in `members`."""
    own: str | None = None
    """Its id, where `key` is None because that does not say whose the record is; never written down."""
    place: Place | None = None
    """Its members are one of several values of a field, and go from here where none of them may be shown."""
    removed: bool = False
    """It went from its place."""
    sparse: bool = False
    """The CRM leaves out a field with nothing in it; so what is emptied goes, or it would tell that there was
    something."""
    counts: tuple[str, ...] | None = None
    """It is a group of records: the members that say how many are in it, or fewer; None: it is a record."""

    def person(self, key: str | None) -> str | None:
        """Return who the record is about, if its object is about people and `key` is where it says so."""
        found = None if key is None else self.key or self.members.get(key)
        return str(found) if isinstance(found, str | int) else None

    def stands(self, member: str) -> tuple[dict[str, Tree], str]:
        """Return where a written member stands in what is sent."""
        return self.live[member] if self.live is not None and member in self.live else (self.members, member)

    @property
    def gone(self) -> bool:
        """Whether it went from its place, or with the member that held it."""
        if self.within is None:
            return self.removed
        outer, member = self.within
        return outer.gone or not isinstance(outer.members.get(member), dict | list)
