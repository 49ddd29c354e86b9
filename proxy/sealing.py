"""Steps 5 and 9 where fields lie in the CRM as tokens or ciphertext.

    going out    what the request compares such fields with becomes what the CRM has; what it writes is sealed
    coming back  what stands in such fields is turned back where the caller may be shown something of it, before
                 policy is carried out on it as on any other value

Both are generators: they yield all they need of the vault at once and get it back, and so work the same on the
loop that serves, which has it fetched by a thread, and in a helper process, which asks its parent for it and
never holds a key. In a set that protects nothing they yield nothing.

What nobody can vouch for is not shown: a value that was moved to another record or field, by hand or by an
import, is withheld (the field is null, the rest of the record stands) and reported, in the ledger and in a
metric. One whose key is gone is withheld, too, and that is no incident. Why withhold the field, not refuse the
exchange: one record that somebody tampered with would keep everybody from the page it is on.
"""

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.columns import Alike
from proxy.connectors import Asked, Opened
from proxy.connectors.comparing import Looking, refuse
from proxy.connectors.made import ids_made
from proxy.errors import Unavailable, Undecodable
from proxy.exchange import Exchange
from proxy.message import Headers, Record, Tree
from proxy.model import ALWAYS_SAME, QUERYING, Action, Effect, Protection, Protections
from proxy.vault import Column, Got, Need, Opening, Put, Ready, Returned, Seek, Sending
from proxy.vault import Opened as Sealed
from proxy.vault.needs import Made
from proxy.vault.vault import handles_in, is_protected

_ERRORS: Final = 400
_SERVER_ERRORS: Final = 500
_NO_CONTENT: Final = 204
"""Answers one whole write and nothing else: a request that holds others is always answered with a body."""
_REFUSED: Final = frozenset({400, 403, 404, 405, 412, 413, 415, 422})
"""Nothing was done. After a 409 or a 429 something may have been."""

type Steps[T] = Generator[Need, Got, T]
"""Work that waits for nothing but the vault."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A protected value that does not stand where it was put."""

    object: str
    field: str
    record: str | None


@dataclass(slots=True)
class Fates:
    """What became of the protected values of one answer."""

    counts: dict[str, int] = field(default_factory=dict)
    moved: list[Moved] = field(default_factory=list)

    def count(self, fate: str, times: int = 1) -> None:
        """Count values."""
        self.counts[fate] = self.counts.get(fate, 0) + times


# ---- going out ---------------------------------------------------------------------------------------------


def seal(exchange: Exchange, asked: Asked) -> Steps[None]:
    """Have the request say what the CRM has: nothing of a protected field leaves in clear.

    Raises:
        Refused: a protected field is used in a way that only clear text allows.
        Undecodable: a value in a write cannot be protected, or stands for another record's.
    """
    protections = exchange.protections
    if not protections:
        return
    wants = _Wants(protections)
    looking = Looking(wants.note, wants.guarded)
    asked.substitute(looking)
    wants.refuse_other_uses(asked)
    slots = list(_slots(asked.writes, protections))
    if not wants.seeks and not slots:
        return
    ready = yield Sending(tuple(wants.seeks), tuple(slot.put for slot in slots))
    assert isinstance(ready, Ready)
    _place(exchange, asked, slots, ready)
    found = dict(zip(wants.seeks, ready.found, strict=True))
    asked.substitute(Looking(lambda *use: wants.answered(found, *use), wants.guarded))
    _refuse_unsent(slots, asked.tree)


class _Wants:
    """What the comparisons of one request ask for."""

    def __init__(self, protections: Protections) -> None:
        self._protections = protections
        self._compared: set[tuple[str, str]] = set()
        self.seeks: dict[Seek, None] = {}

    def guarded(self, name: str, field_: str) -> bool:
        """Tell whether a field is protected."""
        return field_ in self._protections.get(name, ())

    def note(self, name: str, field_: str, texts: Sequence[str]) -> None:
        """Note a comparison by equality."""
        protection = self._of(name, field_)
        if protection is None:
            return
        self._compared.add((name, field_))
        texts = [text for text in texts if text.strip()]
        if texts and protection.kind not in ALWAYS_SAME and not protection.normaliser:
            refuse(name, field_)
        self.seeks.update(dict.fromkeys(Seek(protection, text) for text in texts))

    def answered(
        self, found: Mapping[Seek, tuple[str, ...]], name: str, field_: str, texts: Sequence[str]
    ) -> tuple[str, ...] | None:
        """Return what stands in the CRM for some values."""
        protection = self._of(name, field_)
        if protection is None or not texts:
            return None
        # On the way back some records have the value itself by now; and what is nothing is never protected.
        clear = [text for text in texts if protection.leaving or not text.strip()]
        sought = (found[Seek(protection, text)] for text in texts if text.strip())
        return tuple(dict.fromkeys((*clear, *(each for some in sought for each in some))))

    def refuse_other_uses(self, asked: Asked) -> None:
        """Return if protected fields are compared by equality alone, where the grammar can put that."""
        for operation in asked.operations:
            for use in operation.uses:
                if use.action in QUERYING and self.guarded(use.object, use.field):
                    compared = use.action is Action.FILTER and (use.object, use.field) in self._compared
                    if asked.swap is None or not compared:
                        refuse(use.object, use.field)

    def _of(self, name: str, field_: str) -> Protection | None:
        return self._protections.get(name, {}).get(field_)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place in what is sent, and the value that is to be protected there."""

    holder: dict[str, Tree]
    member: str
    put: Put


def _slots(writes: Sequence[Record], protections: Protections) -> Iterator[_Slot]:
    """Yield every value that is written into a protected field, each place once.

    Raises:
        Undecodable: nobody can protect it.
    """
    seen: set[tuple[int, str]] = set()
    groups: dict[object, int] = {}
    for write in writes:
        guarded = protections.get(write.object, {})
        for name in [each for each in write.members if each in guarded and each not in write.keep]:
            holder, member = write.stands(name)
            value = holder[member]
            if value is None or value is False or (isinstance(value, str) and not value.strip()):
                continue  # nothing needs no protection
            if guarded[name].leaving and not (isinstance(value, str) and is_protected(value)):
                continue
            what = f"{write.object}.{name}"
            if write.guesses:
                raise Undecodable("protected_kind_unknown", what, status=422)
            if not isinstance(value, str):
                raise Undecodable("protected_value_not_text", what, status=422)
            if (id(holder), member) in seen:
                continue
            seen.add((id(holder), member))
            record = _target(write, what)
            group = groups.setdefault((write.object, record) if record else id(holder), len(groups))
            yield _Slot(holder, member, Put(guarded[name], value, record, group))


def _target(write: Record, what: str) -> str | None:
    """Return the record that gets a value, None for one that is about to be made."""
    if len(write.targets) > 1:
        raise Undecodable("protected_value_shared", what, status=422)
    if write.targets:
        return write.targets[0]
    if write.action is Action.UPDATE:
        raise Undecodable("protected_record_unknown", what, status=422)
    return None


def _place(exchange: Exchange, asked: Asked, slots: Sequence[_Slot], ready: Ready) -> None:
    """Put what stands for the values in their places, and keep what was made for when the answer is there.

    Raises:
        Undecodable: one of them cannot be written; none is.
    """
    both = list(zip(slots, ready.placed, strict=True))
    for slot, placed in both:
        protection = slot.put.protection
        if placed.trouble is not None:
            raise Undecodable(placed.trouble, f"{protection.object}.{protection.field}", status=422)
    for slot, placed in both:
        slot.holder[slot.member] = placed.text
    places = _made_in_order(asked)
    exchange.made = tuple(
        Made(placed.handle, slot.put.protection.object, slot.put.record, places.get(id(slot.holder), -1))
        for slot, placed in both
        if placed.handle
    )
    exchange.makes = len(places)


def _refuse_unsent(slots: Sequence[_Slot], tree: Tree) -> None:
    """Return if all that was protected stands in what is sent, so that no other copy of it is.

    Raises:
        Unavailable: `protected_value_unplaced`: a grammar of ours hands over something else than what it sends.
    """
    sent: set[int] = set()
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            sent.add(id(each))
            waiting += each.values()
        elif isinstance(each, list | tuple):
            waiting += each
    for slot in slots:
        if id(slot.holder) not in sent:
            raise Unavailable("protected_value_unplaced", slot.put.protection.object)


def _made_in_order(asked: Asked) -> dict[int, int]:
    """Return which record each body becomes, of those an answer names in order; none if it may name others.

    Where one of several requests fails, another may name an id in its place: of a record that it changes, or of
    another object. So order says something only where all that is done is to make records of one object.
    """
    made = [write for write in asked.writes if write.action is Action.CREATE and not write.targets]
    alone = len(made) == len(asked.writes) and len({write.object for write in made}) == 1
    if not alone or any(operation.action is not Action.CREATE for operation in asked.operations):
        return {}
    return {holder: place for place, holder in enumerate(dict.fromkeys(id(_holder(write)) for write in made))}


def _holder(write: Record) -> dict[str, Tree]:
    """Return the dict that a record stands in."""
    first = next(iter(write.members), None)
    return write.members if first is None else write.stands(first)[0]


# ---- coming back -------------------------------------------------------------------------------------------


def unseal(exchange: Exchange, opened: Opened, status: int, headers: Headers) -> Steps[Fates]:
    """Have the records of an answer hold values in clear, or nothing; return what became of them.

    Only fields of which the caller may be shown something are turned back: no key is used for the others.
    """
    protections, fates = exchange.protections, Fates()
    if not protections:
        return fates
    places: _Places = {}
    for alike in opened.alike:
        _look_at_alike(exchange, alike, protections, places)
    for record in opened.records:
        _look_at_record(exchange, record, protections, places)
    columns = tuple(Column(each.protection, each.texts, each.records) for each in places.values())
    opening = replace(_written(exchange, opened, status, headers), columns=columns)
    if opening == _NOTHING:
        return fates
    returned = yield opening
    assert isinstance(returned, Returned)
    for place, values in zip(places.values(), returned.columns, strict=True):
        _put_back(place, values, fates)
    return fates


@dataclass(slots=True)
class _Place:
    """Where the values of one protected field stand in an answer."""

    protection: Protection
    holders: list[tuple[dict[str, Tree], str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    records: list[str | None] = field(default_factory=list)
    past: set[int] = field(default_factory=set)
    """Which of them are values of before, in a field's history: the CRM has others in their place by now."""


_Places = dict[tuple[str, str], _Place]
_NOTHING: Final = Opening()


def _put_back(place: _Place, values: Sequence[str | Sealed], fates: Fates) -> None:
    """Put values into an answer as far as they could be turned back."""
    opened = 0
    for number, (value, (holder, member)) in enumerate(zip(values, place.holders, strict=True)):
        if isinstance(value, str):
            holder[member] = value
            opened += 1
            continue
        fates.count(value.fate)
        if value.fate == "clear":
            continue
        holder[member] = None
        if value.fate == "moved" and number not in place.past:
            protection = place.protection
            fates.moved.append(Moved(protection.object, protection.field, place.records[number]))
    if opened:
        fates.count("opened", opened)


def _look_at_alike(exchange: Exchange, alike: Alike, protections: Protections, places: _Places) -> None:
    guarded = protections.get(alike.object)
    if not guarded:
        return
    for name in guarded.keys() & alike.rows[0].keys() - alike.keep:
        if not _is_shown(exchange, alike.object, name, alike.action):
            continue
        place = _place_of(places, guarded[name])
        texts = [row[name] for row in alike.rows]
        if all(type(text) is str and text for text in texts):
            place.holders += [(row, name) for row in alike.rows]
            place.texts += texts  # type: ignore[arg-type]
            place.records += alike.keys
            continue
        for row, text, key in zip(alike.rows, texts, alike.keys, strict=True):
            if isinstance(text, str) and text:
                place.holders.append((row, name))
                place.texts.append(text)
                place.records.append(key)


def _look_at_record(exchange: Exchange, record: Record, protections: Protections, places: _Places) -> None:
    for member, protection, action in _guarded(record, protections):
        text = record.members[member]
        if not isinstance(text, str) or not text:
            continue
        if not _is_shown(exchange, protection.object, protection.field, action):
            continue
        place = _place_of(places, protection)
        if record.place is not None:
            place.past.add(len(place.texts))
        place.holders.append((record.members, member))
        place.texts.append(text)
        place.records.append(record.key or record.own)


def _guarded(record: Record, protections: Protections) -> Iterator[tuple[str, Protection, Action]]:
    """Yield each member of a record that shows a protected field."""
    if record.names is None:
        guarded = protections.get(record.object, {})
        for member in guarded.keys() & record.members.keys() - record.keep:
            yield member, guarded[member], record.action
        return
    for member in record.names.keys() & record.members.keys() - record.keep:
        name, field_, action = record.names[member]
        protection = protections.get(name, {}).get(field_)
        if protection is not None:
            yield member, protection, action


def _place_of(places: _Places, protection: Protection) -> _Place:
    key = (protection.object, protection.field)
    found = places.get(key)
    if found is None:
        found = places[key] = _Place(protection)
    return found


def _is_shown(exchange: Exchange, name: str, field_: str, action: Action) -> bool:
    return exchange.foresee(name, action).of(field_).effect < Effect.REDACT


def _written(exchange: Exchange, opened: Opened, status: int, headers: Headers) -> Opening:
    """Return what the answer proves of the values that the request wrote.

    A row of the vault that is deleted while the CRM has what it stands for is a value that is lost. So what is
    not proved changes nothing: requests inside a request fail one by one under a success, as calls do. A row too
    many opens nothing, and goes with the next change of its field.
    """
    if not exchange.made or status >= _SERVER_ERRORS:
        return _NOTHING
    if status >= _ERRORS:
        alone = len({(each.object, each.record or each.place) for each in exchange.made}) == 1
        refused = alone and status in _REFUSED
        return Opening(dropped=tuple(each.handle for each in exchange.made)) if refused else _NOTHING
    if opened.is_error:
        return _NOTHING
    seen = _seen(opened, {each.handle for each in exchange.made})
    known = [each.handle for each in exchange.made if each.record is not None]
    done = status == _NO_CONTENT or _is_done(opened.tree)
    fresh = {each.handle: each for each in exchange.made if each.record is None}
    attached: dict[str, str] = {}
    ids = ids_made(opened.tree, headers) if fresh else []
    if len(ids) == exchange.makes:
        attached = {handle: ids[each.place] for handle, each in fresh.items() if each.place >= 0}
    attached |= {handle: key for handle, key in seen.items() if handle in fresh}
    kept = tuple(handle for handle in known if done or handle in seen)
    return Opening(kept=kept, attached=tuple(attached.items()))


def _seen(opened: Opened, handles: set[str]) -> dict[str, str]:
    """Return the records that show what was just written, by handle."""
    found: dict[str, str] = {}
    for record in opened.records:
        key = record.key or record.own
        for text in record.members.values() if key is not None else ():
            for handle in handles_in([text]) if isinstance(text, str) else ():
                if handle in handles:
                    found[handle] = str(key)
    return found


def _is_done(tree: Tree) -> bool:
    """Tell whether this is what a call of one method answers when it has written: Odoo true, Tryton nothing."""
    return isinstance(tree, dict) and "result" in tree and tree["result"] in (True, None)
