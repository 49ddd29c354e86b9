"""A page of values, opened together: as many of them as stand where they belong.

That is nearly all, nearly always, so it is done with one look at the vault, one at the keys, and little for each
value. What is not opened here is not judged here either: it may be in clear, of another place, dead, or made of
several. `Vault` looks at each such value by itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from proxy.crypto.envelope import (
    BINDING_BYTES,
    KEY_ID_BYTES,
    PREFIX,
    DataKey,
    context_of,
    counted,
    open_each,
    raw,
)
from proxy.ids import same_form
from proxy.keys import Keys
from proxy.model import ALWAYS_SAME
from proxy.store import Store
from proxy.vault.needs import Column
from proxy.vault.remembered import Known
from proxy.vault.same import Same, kind_of
from proxy.vault.standing import Standing, standing

Answers = list[str | None]
"""Of each value of a column what it stands for, None where that is to be looked at."""
_HEAD: Final = KEY_ID_BYTES + BINDING_BYTES
_NOWHERE: Final[Standing] = ("", "", None)
_Sealed = tuple[list[int], list[tuple[bytes, bytes]]]
"""Numbers in their column, and the bytes and the context of the envelope of each."""


class Page:
    """The columns of one answer.

    Args:
        columns: as they came back.
        keys: to open them with.
        store: of the vault.
        until: monotonic seconds, how long they may be remembered.
    """

    def __init__(self, columns: Sequence[Column], keys: Keys, store: Store, until: float) -> None:
        self._columns = columns
        self._keys = keys
        self._store = store
        self._until = until
        self.fresh: dict[str, Known] = {}
        """What was opened, to be remembered."""
        records = {record for column in columns for record in column.records}
        self._forms = {record: same_form(record) for record in records if record is not None}

    def opened(self) -> list[Answers]:
        """Return each column as far as its values stand in their place.

        Raises:
            Unavailable: keys or store cannot be used now.
        """
        same = Same(self._keys)
        found = [self._same(column, same) for column in self._columns]
        held = self._held(column for column, each in zip(self._columns, found, strict=True) if None in each)
        sealed = [self._sealed(column, held.get(_object(column), {})) for column in self._columns]
        wanted = {data[:KEY_ID_BYTES] for _, each in sealed for data, _ in each}
        alive = {key.id: key.data_key for key in self._keys.find(wanted).values()} if wanted else {}
        for column, each, answers in zip(self._columns, sealed, found, strict=True):
            self._open(column, each, alive, answers)
        return found

    def _held(self, wanted: Iterable[Column]) -> dict[tuple[str, str], dict[str, Standing]]:
        """Return what stands in the records of some columns, of each object by itself."""
        objects: dict[tuple[str, str], list[Column]] = {}
        for column in wanted:
            objects.setdefault(_object(column), []).append(column)
        if not objects:
            return {}
        with self._store.read() as connection:
            return {
                name: standing(
                    connection,
                    *name,
                    {self._forms[each] for column in columns for each in column.records if each is not None},
                    {column.protection.field for column in columns},
                )
                for name, columns in objects.items()
            }

    def _same(self, column: Column, same: Same) -> Answers:
        """Return what stands for the same value wherever it stands.

        In a field of another kind it is not taken: it says nothing of its record, and would carry anybody's
        value into a field that is to show its own alone.
        """
        kind, element = always = column.protection.kind, column.protection.element
        if kind not in ALWAYS_SAME:
            return [None] * len(column.texts)
        found: Answers = []
        for text in column.texts:
            clear = same.open(text, element) if kind_of(text) == kind else None
            found.append(clear)
            if clear is not None:
                self.fresh[text] = Known(self._until, clear, "", None, ("", "", ""), always)
        return found

    def _sealed(self, column: Column, held: Mapping[str, Standing]) -> _Sealed:
        """Return what there is to open of values that stand in the field and the record they belong to."""
        numbers, sealed = list[int](), list[tuple[bytes, bytes]]()
        if not held:
            return numbers, sealed
        field, forms = column.protection.field, self._forms
        context = context_of(self._keys.tenant().decode(), column.protection.element)
        for at, (text, record) in enumerate(zip(column.texts, column.records, strict=True)):
            if text.startswith(PREFIX):
                data, bound = raw(text), context
                where, whose, _ = held.get(data[KEY_ID_BYTES:_HEAD].hex(), _NOWHERE)
            else:
                where, whose, kept = held.get(text, _NOWHERE)
                if kept is None:
                    continue
                data, bound = raw(kept), context + counted(text.encode())
            if where == field and record is not None and whose == forms[record]:
                numbers.append(at)
                sealed.append((data, bound))
        return numbers, sealed

    def _open(self, column: Column, sealed: _Sealed, alive: Mapping[bytes, DataKey], answers: Answers) -> None:
        """Add what its key opens."""
        numbers, each = sealed
        protection, texts, records = column.protection, column.texts, column.records
        fresh, forms, until = self.fresh, self._forms, self._until
        place = (protection.connector, protection.object, protection.field)
        for at, opened in zip(numbers, open_each(alive, each), strict=True):
            if opened is not None:
                record = records[at] or ""
                clear = answers[at] = opened.decode("utf-8", "surrogatepass")
                # As `Known(...)` does, which costs as much as all else here.
                fresh[texts[at]] = tuple.__new__(Known, (until, clear, forms[record], record, place, None))


def _object(column: Column) -> tuple[str, str]:
    return column.protection.connector, column.protection.object
