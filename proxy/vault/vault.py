"""The front door of the vault: what a request writes is sealed, what an answer shows is opened."""

import os
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from proxy.crypto import digits, envelope, marks
from proxy.crypto.envelope import DataKey, Envelope, context_of, lengths
from proxy.errors import KeyGone, Refused, Unavailable, Undecodable
from proxy.ids import same_form
from proxy.keys import Draft, Keys
from proxy.model import ALWAYS_SAME, Protection
from proxy.protected.normal import normal
from proxy.protected.tokens import FORMS, token_in, tokens_of, tokens_within
from proxy.store import Store
from proxy.vault import rows
from proxy.vault.needs import (
    Column,
    Got,
    Need,
    Opened,
    Opening,
    Placed,
    Put,
    Ready,
    Returned,
    Seek,
    Sending,
    Shown,
    Trouble,
)
from proxy.vault.pages import Page
from proxy.vault.remembered import Known, Remembered, Where
from proxy.vault.rows import Place, Value
from proxy.vault.same import Same, kind_of

MOST_FOUND: Final = 100
"""What stands in the CRM for equal values of one field; HubSpot takes no more in one filter."""
MOST_KNOWN: Final = 50_000
"""Opened values that are remembered; some 20 MB."""
SECONDS: Final = 60.0
EMBEDDED: Final = "file"
"""Name of the provider whose keys lie on this machine."""
_ATTEMPTS: Final = 4
_PASSING: Final = frozenset({"key_epoch_changed", "store_conflict", "key_gone", "index_key_changed"})
_KIN: Final = 3
"""Parts of the name that values of two elements share which the CRM may put into one text."""


class Vault:
    """Protected values of one installation; threads may share it, every process has its own.

    What was opened is remembered for a minute, until anything is shredded: then all of it is forgotten, in every
    process, by the same number that has keys forgotten (`proxy.keys.generation`).

    Args:
        store: has the vault's chapter and that of the keys.
        keys: the keys of data subjects.
        now: seconds since the epoch.
        clock: monotonic seconds.
        random: how many bytes -> that many bytes from a cryptographic source.
    """

    def __init__(
        self,
        store: Store,
        keys: Keys,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self.store = store
        self.keys = keys
        self._now = now
        self._random = random
        self._ready = False
        self._known = Remembered(keys.generation, clock, seconds=SECONDS, most=MOST_KNOWN)

    def settle(self, need: Need) -> Got:
        """Return what an exchange needs; blocks, so never on the loop.

        Raises:
            Refused: `protected_too_many`.
            Unavailable: keys or store cannot be used now; nothing was written.
        """
        self._ensure()
        if isinstance(need, Sending):
            return Ready(tuple(map(self._sought, need.seeks)), self._placed(need.puts))
        assert isinstance(need, Opening)
        return self._returned(need)

    def told(self, values: Sequence[Value]) -> dict[str, str]:
        """Return what some tokens stand for, by handle; those that nobody can open are missing."""
        found = self.keys.find({value.key_id for value in values})
        alive = {key.id: key.data_key for key in found.values()}
        clear: dict[str, str] = {}
        for value in values:
            try:
                opened = self._clear(value, None, alive)
            except Unavailable:  # damaged
                continue
            if isinstance(opened, str):
                clear[value.handle] = opened
        return clear

    def forget(self) -> None:
        """Forget every value that is remembered in this process."""
        self._known.drop()

    def recall(self, opening: Opening) -> Returned | None:
        """Return what `settle` would, if all of it is remembered; waits for nothing."""
        if opening.attached or opening.kept or opening.dropped:
            return None
        known, now = self._known.now()
        columns = []
        for column in (*opening.columns, *map(_alone, opening.values)):
            found = _recalled(column, known, now)
            if found is None:
                return None
            columns.append(found)
        count = len(opening.columns)
        return Returned(tuple(_whole(each) for (each,) in columns[count:]), tuple(columns[:count]))

    def _ensure(self) -> None:
        """Have keys, where they lie beside the store; making them with a provider elsewhere is for a person."""
        if not self._ready and self.keys.provider.name == EMBEDDED:
            self.keys.initialise()
        self._ready = True

    # ---- before a request leaves -------------------------------------------------------------------------

    def _sought(self, seek: Seek) -> tuple[str, ...]:
        protection = seek.protection
        if protection.kind in ALWAYS_SAME:
            same = Same(self.keys)
            return (same.sought(protection.kind, protection.element, seek.text, self._random(8)),)
        found_by = self.marks(protection.element, protection.normaliser, seek.text)
        place = (protection.connector, protection.object, protection.field)
        with self.store.read() as connection:
            found = rows.marked(connection, place, [*found_by.values()], MOST_FOUND)
        if len(found) > MOST_FOUND:
            raise Refused("protected_too_many", f"{protection.object}.{protection.field}")
        # A filter has to say something: a token that nobody has been given is in no record.
        return tuple(each.handle for each in found) or (FORMS[protection.form].make(protection.domain),)

    def _placed(self, puts: Sequence[Put]) -> tuple[Placed, ...]:
        """Return what to write for each value; what is new is durable when this returns."""
        if not puts:
            return ()
        ours = [each for each in puts if is_protected(each.text)]
        back = dict(zip(map(id, ours), self._given_back(ours), strict=True)) if ours else {}
        fresh = [each for each in puts if id(each) not in back]
        for attempt in range(_ATTEMPTS):
            try:
                made = iter(self._made(fresh))
                break
            except (Unavailable, KeyGone) as error:
                # Another epoch began, a token was drawn that somebody has, or a key was shredded meanwhile: all
                # are settled by a new draw.
                if error.reason not in _PASSING or attempt == _ATTEMPTS - 1:
                    raise
                if error.reason == "index_key_changed":
                    self.keys.forget()  # sooner than every process has to
        return tuple(back[id(each)] if id(each) in back else next(made) for each in puts)

    def _given_back(self, puts: Sequence[Put]) -> list[Placed]:
        """Return texts of ours that a write gives back: as they are for their own record, refused for others."""
        shown = [Shown(each.protection, each.text, each.record) for each in puts]
        opened = self._returned(Opening(tuple(shown)), adopts=False).values
        found = []
        for put, one in zip(puts, opened, strict=True):
            # What the CRM makes of several tokens it makes itself; who writes such a text carries a value over.
            if one.fate == "opened" and put.record is not None and not _pieces(put.text).composed:
                found.append(Placed(token_in(put.text) or put.text))
            else:
                moved = one.fate in {"moved", "opened", "unplaced"}
                found.append(Placed("", trouble="protected_value_moved" if moved else "protected_value_unknown"))
        return found

    def _made(self, puts: Sequence[Put]) -> list[Placed]:
        """Seal values and keep their rows."""
        drafts: list[Draft] = []
        data_keys = self._keys_for(puts, drafts)
        placed: list[Placed] = []
        values: list[Value] = []
        for put in puts:
            trouble = _trouble(put)
            if trouble is not None:
                placed.append(Placed("", trouble=trouble))
                continue
            text, value = self._sealed(put, data_keys.get(put.group))
            placed.append(Placed(text, value.handle if value else ""))
            if value is not None:
                values.append(value)
        if values:
            with self.store.begin() as connection:
                for draft in drafts:
                    self.keys.keep(connection, draft)
                # A row under a key that is shredded by now would be found by its mark for ever.
                self.keys.hold(connection, {value.key_id for value in values})
                # And one whose mark is made with an older index key might be overlooked by who marks anew.
                number = self.keys.hold_index(connection)
                if any(value.mark is not None and value.index_key != number for value in values):
                    raise Unavailable("index_key_changed")
                rows.add(connection, values)
        return placed

    def _keys_for(self, puts: Sequence[Put], drafts: list[Draft]) -> dict[int, DataKey]:
        """Return the data key of each group; those that are new are among `drafts`, and not kept yet."""
        groups = {put.group: put for put in puts if put.protection.kind not in ALWAYS_SAME}
        places = {number: _place(put) for number, put in groups.items() if put.record is not None}
        held: Mapping[Place, bytes] = {}
        if places:
            with self.store.read() as connection:
                held = rows.keys_of(connection, places.values())
        alive = self.keys.find(held.values()) if held else {}
        # The person may have a newer key than the one that their values were sealed with.
        newest = self.keys.sealing({key.subject for key in alive.values() if key.subject is not None})
        found: dict[int, DataKey] = {}
        for number in groups:
            key = alive.get(held.get(places[number], b"")) if number in places else None
            key = key if key is None or key.subject is None else newest.get(key.subject)
            if key is None:
                drafts.append(self.keys.draft_subject())
                key = drafts[-1].key
            found[number] = key.data_key
        return found

    def _sealed(self, put: Put, key: DataKey | None) -> tuple[str, Value | None]:
        """Return what stands for a value in the CRM, and its row."""
        protection = put.protection
        clear = put.text.encode("utf-8", "surrogatepass")
        if protection.kind in ALWAYS_SAME:
            return Same(self.keys).seal(protection.kind, protection.element, clear), None
        assert key is not None
        binding = self._random(envelope.BINDING_BYTES)
        context = context_of(self._tenant, protection.element)
        if protection.kind == "envelope":
            return key.seal(clear, context, binding), self._row(put, binding.hex(), key)
        token = FORMS[protection.form].make(protection.domain)
        sealed = key.seal(clear, context + lengths(token.encode()), binding)
        return token, self._row(put, token, key, sealed)

    def _row(self, put: Put, handle: str, key: DataKey, sealed: str | None = None) -> Value:
        protection = put.protection
        marked, number = None, 1
        if protection.normaliser:
            number, marked = self.marks(protection.element, protection.normaliser, put.text).popitem()
        return Value(
            handle,
            protection.connector,
            protection.object,
            protection.field,
            protection.element,
            same_form(put.record) if put.record is not None else None,
            key.id,
            sealed,
            marked,
            protection.normaliser or None,
            self._now(),
            number,
        )

    # ---- when an answer is there -------------------------------------------------------------------------

    def _returned(self, opening: Opening, *, adopts: bool = True) -> Returned:
        """Return each value as far as it can be turned back; keep what the answer says of where they went.

        Args:
            opening: what is shown.
            adopts: it is the CRM that shows it, so it says where values are of which nobody has said so.
        """
        self._note(opening)
        columns = [*opening.columns, *map(_alone, opening.values)]
        generation = self.keys.generation.now()
        page = Page(columns, self.keys, self.store, self._known.until())
        answers, fresh = page.opened(), page.fresh
        rest = [
            Shown(column.protection, text, record)
            for column, each in zip(columns, answers, strict=True)
            if None in each
            for text, record, clear in zip(column.texts, column.records, each, strict=True)
            if clear is None
        ]
        others = iter(self._looked_at(rest, fresh, adopts=adopts) if rest else ())
        if fresh:
            self._known.keep(fresh, generation)
        found = [[_short(next(others)) if clear is None else clear for clear in each] for each in answers]
        count = len(opening.columns)
        return Returned(tuple(_whole(each) for (each,) in found[count:]), tuple(found[:count]))

    def _looked_at(self, values: Sequence[Shown], fresh: dict[str, Known], *, adopts: bool) -> list[Opened]:
        """Return what became of values by their handles, and add to `fresh` what was opened."""
        pieces = [_pieces(shown.text) for shown in values]
        handles = {handle for each in pieces for handle in each.handles}
        held: dict[str, Value] = {}
        if handles:
            with self.store.read() as connection:
                held = rows.by_handle(connection, handles)
            if adopts:
                held = self._adopted(values, pieces, held)
        wanted = {value.key_id for value in held.values()}
        wanted |= {each.envelope.key_id for each in pieces if each.envelope is not None}
        alive = {key.id: key.data_key for key in self.keys.find(wanted).values()} if wanted else {}
        found: list[Opened] = []
        for shown, each in zip(values, pieces, strict=True):
            opened, known = self._opened(shown, each, held, alive)
            found.append(opened)
            if known is not None:
                fresh[shown.text] = known
        return found

    def _note(self, opening: Opening) -> None:
        """Keep which records values went into; forget what they replaced, and what was never stored."""
        if not (opening.attached or opening.kept or opening.dropped):
            return
        with self.store.begin() as connection:
            attached = [(handle, same_form(record)) for handle, record in opening.attached]
            rows.attach(connection, attached, self._now())
            rows.supersede(connection, [*opening.kept, *(handle for handle, _ in attached)], self._now())
            rows.drop(connection, opening.dropped)

    def _adopted(
        self, values: Sequence[Shown], pieces: "Sequence[_Pieces]", held: dict[str, Value]
    ) -> dict[str, Value]:
        """Give each value of which nobody said where it went to the first record that shows it in its field.

        That is so after a create whose answer was lost, or says no ids. Whoever moved it before that is not
        found out; from then on it belongs there.
        """
        new: dict[str, str] = {}
        for shown, each in zip(values, pieces, strict=True):
            for handle in each.handles:
                value = held.get(handle)
                if (
                    value is not None
                    and value.record is None
                    and shown.record is not None
                    and _fits(value, shown)
                ):
                    new.setdefault(handle, same_form(shown.record))
        if new:
            with self.store.begin() as connection:
                rows.attach(connection, new.items(), self._now())
                held = rows.by_handle(connection, held)
        return held

    def _opened(
        self,
        shown: Shown,
        pieces: "_Pieces",
        held: Mapping[str, Value],
        alive: Mapping[bytes, DataKey],
    ) -> tuple[Opened, Known | None]:
        if not pieces.handles:
            return (_MOVED if kind_of(shown.text) else _CLEAR), None
        if pieces.composed:
            return self._composed(shown, held, alive), None
        value = held.get(pieces.handles[0])
        if value is None:
            # A row goes with its key. An envelope whose key is there and whose row is not was put back.
            key_id = pieces.envelope.key_id if pieces.envelope is not None else b""
            return (_MOVED if key_id in alive else _DEAD), None
        clear = self._clear(value, pieces.envelope, alive)
        if isinstance(clear, Opened):
            return clear, None
        where = (value.connector, value.object, value.field)
        home = shown.record is not None and same_form(shown.record) == value.record
        known = Known(self._known.until(), clear, value.record or "", shown.record if home else None, where)
        return _judged(known, shown), known

    def _clear(self, value: Value, sealed: Envelope | None, alive: Mapping[bytes, DataKey]) -> str | Opened:
        """Return what a row, or the envelope it belongs to, stands for; what became of it if that is gone.

        Raises:
            Unavailable: `vault_damaged`: the row is not what we wrote.
        """
        context = context_of(self._tenant, value.element)
        inner = sealed
        if inner is None:
            inner = envelope.parse(value.sealed or "")
            context += lengths(value.handle.encode())
        if inner is None:
            raise Unavailable("vault_damaged", f"{value.object}.{value.field}")
        key = alive.get(inner.key_id)
        if key is None:
            return _DEAD
        try:
            return key.open(inner, context).decode("utf-8", "surrogatepass")
        except Undecodable:
            if sealed is not None:  # somebody changed it in the CRM
                return _MOVED
            raise Unavailable("vault_damaged", f"{value.object}.{value.field}") from None

    def _composed(self, shown: Shown, held: Mapping[str, Value], alive: Mapping[bytes, DataKey]) -> Opened:
        """Return what the CRM made of several values, such as a name of first and last one, turned back."""
        fates: set[str] = set()

        def back(found: re.Match[str]) -> str:
            value = held.get(found[0].lower())
            clear = _DEAD if value is None else self._clear(value, None, alive)
            if value is None or isinstance(clear, Opened):
                fates.add("dead")
                return ""
            # A field that the CRM computes shows what lies in others of the same record.
            # What is of another kind was put there, and would be shown to whoever may see this field.
            kin = _are_kin(value.element, shown.protection.element)
            field = shown.protection.field if kin else value.field
            known = Known(0.0, clear, value.record or "", None, (value.connector, value.object, field))
            fates.add(_judged(known, shown).fate)
            return clear

        text = tokens_within(shown.text, back)
        for fate in ("moved", "unplaced", "dead"):
            if fate in fates:
                return _BY_FATE[fate]
        return Opened("opened", text)

    # ---- keys --------------------------------------------------------------------------------------------

    @property
    def _tenant(self) -> str:
        return self.keys.tenant().decode()

    def marks(self, element: str, normaliser: str, text: str) -> dict[int, bytes]:
        """Return what a value is found by: a mark of each index key that is searched, the one in force last."""
        keys = self.keys.index_keys(f"{element}/{normaliser}")
        return {number: marks.index(key, normal(normaliser, text)) for number, key in keys.items()}


@dataclass(frozen=True, slots=True)
class _Pieces:
    """What of a text is ours."""

    handles: tuple[str, ...] = ()
    envelope: Envelope | None = None
    composed: bool = False
    """The text holds tokens among other things."""


_CLEAR: Final = Opened("clear")
_DEAD: Final = Opened("dead")
_MOVED: Final = Opened("moved")
_UNPLACED: Final = Opened("unplaced")
_BY_FATE: Final = {"dead": _DEAD, "moved": _MOVED, "unplaced": _UNPLACED}
_NOTHING: Final = _Pieces()


def is_protected(text: str) -> bool:
    """Tell whether a text is, or holds, something that stands for a protected value."""
    return bool(kind_of(text)) or bool(_pieces(text).handles)


def _trouble(put: Put) -> Trouble | None:
    """Return why nothing can stand for a value; None if something can."""
    if put.protection.room is not None and len(put.text.encode()) > put.protection.room:
        return "protected_value_too_long"
    if put.protection.kind == "digits" and not digits.fits(put.text):
        return "protected_value_not_digits"
    return None


def _pieces(text: str) -> _Pieces:
    token = token_in(text)
    if token is not None:
        return _Pieces((token,))
    sealed = envelope.parse(text)
    if sealed is not None:
        return _Pieces((sealed.binding.hex(),), sealed)
    inside = tokens_of(text)
    return _Pieces(inside, composed=True) if inside else _NOTHING


def _judged(known: Known, shown: Shown) -> Opened:
    """Return a value if it stands where it was put."""
    found = _in_place(known, _where(shown.protection), shown.record)
    return Opened("opened", found) if isinstance(found, str) else found


def _in_place(known: Known, where: Where, record: str | None) -> str | Opened:
    if known.where != where:
        return _MOVED
    if record is None:
        return _UNPLACED
    return known.clear if known.record == same_form(record) else _MOVED


def _where(protection: Protection) -> Where:
    return (protection.connector, protection.object, protection.field)


def _recalled(column: Column, known: Mapping[str, Known], now: float) -> list[str | Opened] | None:
    """Return a column as far as it is remembered, None if any of it is not."""
    where, found = _where(column.protection), list[str | Opened]()
    always = (column.protection.kind, column.protection.element)
    for text, record in zip(column.texts, column.records, strict=True):
        each = known.get(text)
        if each is None:
            if is_protected(text):
                return None
            found.append(_CLEAR)
        elif each.until < now:
            return None
        elif record is not None and each.seen == record and each.where == where:
            found.append(each.clear)
        elif each.always is not None:
            found.append(each.clear if each.always == always else _MOVED)
        else:
            found.append(_in_place(each, where, record))
    return found


def _alone(shown: Shown) -> Column:
    return Column(shown.protection, [shown.text], [shown.record])


def _each(column: Column) -> list[Shown]:
    return [
        Shown(column.protection, text, record) for text, record in zip(column.texts, column.records, strict=True)
    ]


def _short(opened: Opened) -> str | Opened:
    return opened.text if opened.fate == "opened" else opened


def _whole(found: str | Opened) -> Opened:
    return Opened("opened", found) if isinstance(found, str) else found


def _fits(value: Value, shown: Shown) -> bool:
    protection = shown.protection
    return (value.connector, value.object, value.element) == (
        protection.connector,
        protection.object,
        protection.element,
    ) and (value.field == protection.field or _pieces(shown.text).composed)


def _are_kin(part: str, whole: str) -> bool:
    """Tell whether a CRM may make values of one element of another's: names of their parts, say."""
    if part == whole or part.startswith(f"{whole}."):
        return True
    above = part.rpartition(".")[0]
    return above == whole.rpartition(".")[0] and above.count(".") >= _KIN - 1


def _place(put: Put) -> Place:
    assert put.record is not None
    return Place(put.protection.connector, put.protection.object, same_form(put.record))


def with_record(put: Put, record: str) -> Put:
    """Return a value that is written into a record known by now."""
    return replace(put, record=record)


def handles_in(texts: Iterable[str]) -> list[str]:
    """Return the names in the vault of all that some texts hold."""
    return [handle for text in texts for handle in _pieces(text).handles]
