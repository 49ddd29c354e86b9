"""What each role gets of each field: the access matrix of one object, conditions lettered."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from string import ascii_lowercase

from proxy.model import Action, Effect
from proxy.policy.cells import Cells
from proxy.policy.compile import PolicySet
from proxy.policy.plan.cell import Spaces, Table, table
from proxy.policy.plan.formula import Atom
from proxy.policy.plan.index import Index
from proxy.policy.plan.phrase import words
from proxy.policy.plan.reading import Caller, Conditions
from proxy.policy.plan.space import Space
from proxy.policy.retention.words import told_of


@dataclass(frozen=True, slots=True)
class Entry:
    """What a caller with one role gets of one field."""

    text: str
    """`allow if !a`, with the letters of the sheet; `deny` for nothing."""
    spelled: str
    """The same with the conditions written out."""
    rules: tuple[str, ...]
    """Ids of the rules that decide, in any case, sorted."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One object under one question: field -> role -> entry; field "" is the record itself."""

    connector: str
    object: str
    action: Action
    purpose: str
    recipient: str
    roles: tuple[str, ...]
    """A column is a caller with that role alone; with several, the most permissive grant of them all counts."""
    entries: Mapping[str, Mapping[str, Entry]]
    categories: Mapping[str, str]
    letters: Mapping[str, str]
    """Letter -> condition."""
    retention: tuple[str, ...] = ()
    """How long what of the object is kept, in words."""

    @property
    def empty(self) -> bool:
        """Tell whether nobody gets anything."""
        return all(entry.text == "deny" for row in self.entries.values() for entry in row.values())

    @property
    def rules(self) -> frozenset[str]:
        """Ids of all rules that decide something here."""
        return frozenset(rule for row in self.entries.values() for entry in row.values() for rule in entry.rules)


class Sheets:
    """The sheets of one policy set on one day."""

    def __init__(self, policies: PolicySet, day: date) -> None:
        self._policies = policies
        self._day = day
        self._index = Index(policies, Conditions(policies, policies, ""))
        self._spaces = Spaces()
        self._cells = Cells(policies.catalogues)

    def sheet(self, connector: str, name: str, *, action: Action, purpose: str, recipient: str) -> Sheet:
        """Return what every role gets of one object, for one action, purpose and recipient."""
        roles = tuple(sorted(self._policies.roles))
        fields = self._index.fields(connector, name, action)
        spec = self._policies.catalogues[connector][name]
        found: dict[str, dict[str, tuple[Table, Space]]] = {field: {} for field in fields}
        for role in roles:
            caller = Caller(frozenset({role}), purpose, recipient)
            bits = self._index.asked(caller, self._day) & self._index.doing(action)
            for field, about in fields.items():
                rules = self._index.ruled(bits & about, (connector, name), self._index.given(caller), action)
                space = self._spaces.of(each.condition for each in rules)
                found[field][role] = table(self._index, rules, space), space
        letters = _lettered(of for row in found.values() for of in row.values())
        return Sheet(
            connector=connector,
            object=name,
            action=action,
            purpose=purpose,
            recipient=recipient,
            roles=roles,
            entries={
                field: {role: _entry(*of, letters) for role, of in row.items()} for field, row in found.items()
            },
            categories={field: spec.fields[field].category if field else "system.record" for field in fields},
            letters={letter: text for text, letter in letters.items()},
            retention=tuple(told_of(self._policies.retention, self._cells, connector, name)),
        )


def _entry(table: Table, space: Space, letters: Mapping[str, str]) -> Entry:
    def letter(atom: Atom) -> str:
        return letters[atom.text]

    opened = any(seen.outcome.effect is not Effect.DENY for seen, _ in table)
    rules = {seen.outcome.rule for seen, _ in table} - {""} if opened else set[str]()
    return Entry(words(table, space, letter), words(table, space), tuple(sorted(rules)))


def _lettered(cells: Iterable[tuple[Table, Space]]) -> dict[str, str]:
    """Return a letter for every condition that cells are told with, in the order of their texts."""
    used: set[str] = set()

    def name(atom: Atom) -> str:
        used.add(atom.text)
        return atom.text

    for of in cells:
        words(*of, name)
    return dict(zip(sorted(used), _letters(), strict=False))


def _letters() -> Iterator[str]:
    """Yield a to z, then aa, ab, ..."""
    yield from ascii_lowercase
    for first in _letters():
        for letter in ascii_lowercase:
            yield first + letter
