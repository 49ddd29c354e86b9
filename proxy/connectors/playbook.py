"""A connector's `erasure` section, checked and compiled: calls that make `Request`s and read `Response`s.

A `Book` is what `proxy.steps` works with. It knows the CRM's words, and nothing of cases, plans or laws.
"""

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec

from proxy.connectors import fill, paths
from proxy.connectors.erasespec import CallModel, DelaysModel, ErasedModel, ErasureModel, OfModel
from proxy.errors import UpstreamFault
from proxy.message import Headers, Request, Response, Tree, scalar_text
from proxy.model import Protection, Protections

KNOWN: Final = frozenset(
    {"object", "id", "fields", "field", "value", "values", "any", "session", "parent", "version"}
)
"""Names of blanks."""
SESSION: Final = "lychgate-session"
"""Header by which whoever sends a request is told to put the credential into its body, in place of the header's
value; never sent."""
_MARK: Final = secrets.token_hex(16)
"""Nobody can have written it into a record: what is written back would have the credential in it."""
NOWHERE: Final[Mapping[str, str]] = MappingProxyType({})
_DECODER: Final = msgspec.json.Decoder(float_hook=msgspec.Raw)


@dataclass(frozen=True, slots=True)
class Found:
    """One record as the CRM has it."""

    object: str
    id: str
    fields: Mapping[str, str]
    """Those that were asked for and are not empty, as text."""
    deleted: bool = False
    """It is in a recycle bin."""
    sent: Mapping[str, Tree] = MappingProxyType({})
    """Those that were asked for and are in the answer, as the CRM has them: empty ones, too, and yes and no."""
    version: str = ""
    """Another one once it was changed; "" where the CRM does not say."""


@dataclass(frozen=True, slots=True)
class Page:
    """What one answer says."""

    records: tuple[Found, ...]
    next: Request | None = None


class Refusal(UpstreamFault):
    """The CRM understood, and did not do it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One compiled call."""

    model: CallModel
    records: paths.Steps
    fields: tuple[str, ...]
    key: tuple[str, ...]
    more: tuple[str, ...]
    fault: tuple[str, ...]
    gone: tuple[str, ...]
    alive: tuple[str, ...]
    version: tuple[str, ...]

    @property
    def asks(self) -> frozenset[str]:
        """Names of the blanks in what is sent."""
        model = self.model
        return frozenset(name for name, _ in fill.blanks([model.send, model.query, model.body]))

    def request(self, values: fill.Values) -> Request:
        """Return the request with its blanks filled in."""
        model = self.model
        method, _, template = model.send.partition(" ")
        query = _query(
            {fill.text(name, values): fill.text(value, values) for name, value in model.query.items()}
        )
        headers = [("accept", "application/json")]
        if model.session:
            headers.append((SESSION, _MARK))
            values = {**values, "session": _MARK}
        headers += [(name.lower(), fill.text(value, values)) for name, value in model.headers.items()]
        body = b""
        if model.body is not None:
            headers.append(("content-type", model.media))
            body = _body(model, values)
        return Request(method, fill.path(template, values), query, Headers(tuple(headers)), body)

    def read(
        self,
        object_: str,
        key: str,
        names: Iterable[str],
        request: Request,
        response: Response,
        *,
        inside: Mapping[str, str] = NOWHERE,
    ) -> Page:
        """Return the records in an answer.

        Args:
            object_: whose records.
            key: the field that is a record's id.
            names: fields that were asked for.
            request: that was answered.
            response: to it.
            inside: field -> member of a record in which it stands.

        Raises:
            Refusal: the CRM says no.
            UpstreamFault: nobody can say what the answer means.
        """
        if response.status in self.model.absent:
            return Page(())
        tree = self.accepted(response)
        if not self.model.records:
            return Page(())
        rows = _each(tree, self.records)
        found = [self._record(object_, key, names, row, inside) for row in rows if isinstance(row, dict)]
        return Page(tuple(found), self._next(tree, request) if rows else None)

    def accepted(self, response: Response) -> Tree:
        """Return the tree of an answer that is not a refusal.

        Raises:
            Refusal: the CRM says no (`crm_refused`), knows no such record (`crm_absent`), or has another version
                of it (`crm_changed`).
            UpstreamFault: `crm_failed` (whether it was done is unknown), `crm_busy` (it was not: try later),
                `crm_unreadable`.
        """
        if response.status in {429, 503}:
            raise UpstreamFault("crm_busy", response.headers.one("retry-after") or "")
        if response.status >= 500:
            raise UpstreamFault("crm_failed")
        if response.status in self.model.absent:
            raise Refusal("crm_absent")
        if response.status in self.model.changed:
            raise Refusal("crm_changed")
        if response.status not in self.model.ok:
            raise Refusal("crm_refused")
        if not response.body or "json" not in (response.headers.one("content-type") or ""):
            if self.model.records or self.fault:
                raise UpstreamFault("crm_unreadable")
            return None
        try:
            tree: Tree = _DECODER.decode(response.body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            raise UpstreamFault("crm_unreadable") from None
        if self.fault and paths.get(tree, self.fault) is not None:
            raise Refusal("crm_refused")
        return tree

    def _record(
        self, object_: str, key: str, names: Iterable[str], row: dict[str, Tree], inside: Mapping[str, str]
    ) -> Found:
        fields = paths.get(row, self.fields) if self.fields else row
        held = fields if isinstance(fields, dict) else {}
        said = scalar_text(paths.get(row, self.key) if self.key else held.get(key))
        if said is None:
            raise UpstreamFault("crm_unreadable")
        ways = {name: (inside[name], name) if name in inside else (name,) for name in names}
        values = {name: text for name, way in ways.items() if (text := _text(paths.get(held, way)))}
        sent = {name: paths.get(held, way) for name, way in ways.items() if _is_there(held, way)}
        deleted = bool(self.gone and paths.get(row, self.gone))
        deleted = deleted or bool(self.alive and paths.get(row, self.alive) is False)
        version = scalar_text(paths.get(row, self.version)) if self.version else ""
        return Found(object_, said, MappingProxyType(values), deleted, MappingProxyType(sent), version or "")

    def _next(self, tree: Tree, request: Request) -> Request | None:
        if self.model.counts:
            return self._counted(request) if paths.get(tree, self.more) is True else None
        said = scalar_text(paths.get(tree, self.more)) if self.more else None
        if not said:
            return None
        if not self.model.cursor:
            url = urlsplit(said)
            return Request(request.method, url.path, url.query, request.headers, request.body)
        if request.body:
            whole = json.loads(request.body) | {self.model.cursor: said}
            return Request(
                request.method, request.path, request.query, request.headers, json.dumps(whole).encode()
            )
        return self._at(request, said)

    def _at(self, request: Request, cursor: str) -> Request:
        """Return the request for the page at a cursor that stands in the query."""
        rest = [part for part in request.query.split("&") if not part.startswith(f"{self.model.cursor}=")]
        query = "&".join([*rest, _query({self.model.cursor: cursor})])
        return Request(request.method, request.path, query, request.headers)

    def _counted(self, request: Request) -> Request:
        """Return the request for the page after this one, which has a number."""
        numbers = [value for name, value in parse_qsl(request.query) if name == self.model.cursor]
        return self._at(request, str(int(numbers[0]) + 1 if numbers else 2))


@dataclass(frozen=True, slots=True)
class Book:
    """One CRM's playbook."""

    calls: Mapping[str, Call]
    objects: Mapping[str, ErasedModel]
    forms: tuple[str, ...] = ()
    delays: DelaysModel = field(default_factory=DelaysModel)
    residual: tuple[str, ...] = ()
    region: str = ""
    """Country of the numbers in it that do not say theirs, ISO 3166-1; "" if nobody knows."""
    protections: Protections = field(default_factory=dict)
    """Fields of which the CRM holds something else than the value."""
    own: Mapping[tuple[str, str], Call] = field(default_factory=dict)
    """(object, use) -> the call that takes the place of the one for all."""
    account: Mapping[str, object] = NOWHERE
    """Further blanks of every call."""
    typed: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Object -> member that holds now one kind of data and now another -> the fields that policy has for it; the
    member that the CRM keeps comes first."""

    def guarding(self, object_: str, member: str) -> tuple[Protection, ...]:
        """Return each way in which what stands in a member may be protected."""
        guarded = self.protections.get(object_, {})
        return tuple(guarded[name] for name in self.meanings(object_, member) if name in guarded)

    def may_be_clear(self, object_: str, member: str) -> bool:
        """Say whether a member may hold a value as it is."""
        ways = self.guarding(object_, member)
        return len(ways) < len(self.meanings(object_, member)) or any(each.leaving for each in ways)

    def member(self, object_: str, name: str) -> str:
        """Return the member that the CRM has for a field of policy."""
        members = self.typed.get(object_, {}).items()
        return next((member for member, fields in members if name in fields), name)

    def meanings(self, object_: str, member: str) -> tuple[str, ...]:
        """Return the fields that policy has for what stands in a member."""
        return self.typed.get(object_, {}).get(member, (member,))

    def find_call(self, object_: str, *uses: str) -> Call | None:
        """Return the call for the first of some uses that an object has, or None."""
        for use in uses:
            found = self.own.get((object_, use)) or self.calls.get(use)
            if found is not None:
                return found
        return None

    def call(self, object_: str, *uses: str) -> Call:
        """Return the same where there is one."""
        found = self.find_call(object_, *uses)
        assert found is not None
        return found

    def request(self, call: Call, object_: str, **values: object) -> Request:
        """Return the request that asks something about records of an object."""
        return call.request({**self.account, **self.objects[object_].words, "object": object_, **values})

    def page(self, call: Call, object_: str, names: Iterable[str], request: Request, response: Response) -> Page:
        """Return the records of an object in an answer; raises what `Call.read` raises."""
        each = self.objects[object_]
        return call.read(object_, each.key, names, request, response, inside=each.inside)

    def people(self) -> Iterator[str]:
        """Yield the objects whose records are people."""
        return (name for name, each in self.objects.items() if each.person)

    def belonging(self, object_: str) -> Iterator[tuple[str, OfModel]]:
        """Yield each object whose records can belong to one of `object_`, and by what."""
        for name, each in self.objects.items():
            yield from ((name, way) for way in each.of if way.object == object_)

    def restored_with(self, object_: str) -> Iterator[tuple[str, OfModel]]:
        """Yield each object whose deleted records come back with one of `object_`, and by what."""
        for name, each in self.objects.items():
            yield from ((name, way) for way in each.restored_with if way.object == object_)

    def tells(self, object_: str) -> bool:
        """Say whether anybody can be known by a record of an object, or by what comes back with it."""
        ways = (*self.belonging(object_), *self.restored_with(object_))
        return bool(self.telling(object_)) or any(self.telling(name) for name, _ in ways)

    def names(self, object_: str) -> tuple[str, ...]:
        """Return every field of an object that is of interest here, its key first."""
        each = self.objects[object_]
        wanted = [
            each.key,
            *each.identifies,
            *each.holds,
            *(way.field for way in each.of if way.field),
            *each.free_text,
            *each.shared,
            *each.closed,
        ]
        wanted += [name for names in [*each.same, *each.called] for name in names]
        # Of what nobody has said which record it went into, whoever looks at the record has it said.
        wanted += [self.member(object_, name) for name in self.protections.get(object_, {})]
        return tuple(dict.fromkeys([*wanted, *each.blank]))

    def blank(self, object_: str, record: str, names: Iterable[str] = ()) -> dict[str, object]:
        """Return what is written over fields of a record, over all that can be without `names`."""
        blank = self.objects[object_].blank
        return {name: fill.tree(blank[name], {"id": record}) for name in [*names] or blank}

    def telling(self, object_: str) -> Mapping[str, str]:
        """Return the fields of an object that name somebody, and what each holds."""
        each = self.objects.get(object_)
        return {} if each is None else {**each.identifies, **each.holds}

    def ids(self, record: str) -> tuple[str, ...]:
        """Return every way in which a client may write a record's id."""
        return (record, record[:15]) if "first15" in self.forms and len(record) == 18 else (record,)


def compile_book(model: ErasureModel, account: Mapping[str, object] = NOWHERE) -> Book:
    """Return the playbook, ready to use.

    Args:
        model: the section.
        account: further blanks for every call, of the account that the lane uses.

    Raises:
        ValueError: a call is missing, or an object, field or blank is not what it has to be; a sentence for
        whoever
            writes the connector.
    """
    for name in ("find", "read", "write", "delete"):
        if name not in model.calls:
            raise ValueError(f"erasure.calls needs `{name}`")
    words = {word for each in model.objects.values() for word in each.words}
    blanks = KNOWN | words | account.keys()
    for name, each in model.objects.items():
        _check(name, each, model)
        if missing := words - each.words.keys():
            raise ValueError(f"erasure.objects.{name} has no word for {', '.join(sorted(missing))}")
    calls: dict[str, Call] = {
        name: _compile(f"calls.{name}", call, blanks) for name, call in model.calls.items()
    }
    own: dict[tuple[str, str], Call] = {
        (name, use): _compile(f"objects.{name}.calls.{use}", call, blanks)
        for name, each in model.objects.items()
        for use, call in each.calls.items()
    }
    return Book(
        MappingProxyType(calls),
        MappingProxyType(model.objects),
        tuple(model.forms),
        model.delays,
        tuple(model.residual),
        own=MappingProxyType(own),
        account=account,
    )


def _check(name: str, each: ErasedModel, model: ErasureModel) -> None:
    if any(not way.field for way in each.restored_with):
        raise ValueError(f"erasure.objects.{name} says no field by which it is restored with another")
    for way in (*each.of, *each.restored_with):
        if way.object not in model.objects:
            raise ValueError(f"erasure.objects.{name} belongs to {way.object}, which is not listed there")
    calls = model.calls.keys() | each.calls.keys()
    if any(not way.field for way in each.of) and "linked" not in calls:
        raise ValueError(
            f"erasure.objects.{name} says no field by which it belongs, and there is no call `linked`"
        )
    if each.optional and "exists" not in model.calls:
        raise ValueError(f"erasure.objects.{name} is optional, and erasure.calls has no `exists`")
    if each.purge and "purge" not in calls:
        raise ValueError(f"erasure.objects.{name} is purged, and erasure.calls has no `purge`")
    if (each.then == "overwrite" or each.or_else or each.lingers) and not each.blank:
        raise ValueError(f"erasure.objects.{name} is written over: say what with, under `blank`")
    if {name for value in each.blank.values() for name, _ in fill.blanks(value)} - {"id"}:
        raise ValueError(f"erasure.objects.{name}.blank may hold no other blank than {{id}}")
    if (each.then == "scrub" or each.mentions) and not each.free_text:
        raise ValueError(f"erasure.objects.{name} is scrubbed: say which fields, under `free_text`")
    for names in each.same:
        unknown = [field for field in names if field not in each.identifies]
        if not names or unknown:
            raise ValueError(f"erasure.objects.{name}.same names what is not in its `identifies`")


def _compile(name: str, call: CallModel, known: AbstractSet[str]) -> Call:
    model = [call.send, call.query, call.headers, call.body, call.equals, call.contains]
    for blank, quoting in set[tuple[str, str]]().union(*map(fill.blanks, model)):
        if blank not in known:
            raise ValueError(f"erasure.{name} has a blank of unknown name: {blank}")
        if quoting and quoting not in fill.QUOTES:
            raise ValueError(f"erasure.{name} quotes a blank as {quoting}, which is not known")
    return Call(
        call,
        paths.compile_path(call.records) if call.records else (),
        *(
            paths.names(text) if text else ()
            for text in (call.fields, call.key, call.more, call.fault, call.gone, call.alive, call.version)
        ),
    )


def _query(pairs: Mapping[str, str]) -> str:
    """Return a query string; a space is `%20`, since to OData, as to any URL, a plus is a plus."""
    return urlencode(pairs, quote_via=quote)


def _body(model: CallModel, values: fill.Values) -> bytes:
    if isinstance(model.body, str) and "json" not in model.media:
        return fill.text(model.body, values).encode()
    return json.dumps(fill.tree(model.body, values), ensure_ascii=False).encode()


def _is_there(held: dict[str, Tree], way: tuple[str, ...]) -> bool:
    """Say whether an answer has a field, whatever it holds."""
    inner = paths.get(held, way[:-1]) if len(way) > 1 else held
    return isinstance(inner, dict) and way[-1] in inner


def _text(leaf: Tree) -> str:
    """Return what a field holds as text; several, or several entries with a value each, with semicolons
    between."""
    if isinstance(leaf, list):
        return ";".join(text for item in leaf if (text := _text(item)))
    if isinstance(leaf, dict):
        return _text(leaf.get("value"))
    return scalar_text(leaf) or ""


def _each(tree: Tree, steps: paths.Steps) -> list[Tree]:
    found = [tree]
    for step in steps:
        if step is None:
            found = [item for each in found if isinstance(each, list) for item in each]
        else:
            found = [each[step] for each in found if isinstance(each, dict) and step in each]
    return [item for item in found if item is not None]
