"""Test documents with every name looked up; what is not there is told at its place, with the near word."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from proxy.message import RECORD_ITSELF, Tree
from proxy.model import Action, Catalogue, Effect, ObjectSpec, Principal
from proxy.policy.names import Findings, Spot
from proxy.policy.testing.cases import Case, Expected
from proxy.policy.testing.documents import (
    ITSELF,
    OTHERS,
    AskDocument,
    CallerDocument,
    PolicyTestDocument,
    RecordDocument,
    TestDocument,
)
from proxy.policy.testing.facts import facts_of
from proxy.policy.vocabulary import Vocabulary
from proxy.yamlfile import YamlFile, nearest

_EFFECTS: Final = {
    "allow": Effect.ALLOW,
    "mask": Effect.MASK,
    "tokenize": Effect.TOKENIZE,
    "encrypt": Effect.ENCRYPT,
    "redact": Effect.REDACT,
    "absent": Effect.DENY,
    "deny": Effect.DENY,
}


@dataclass(frozen=True, slots=True)
class _Record:
    """A record with everything it takes over."""

    connector: str
    spec: ObjectSpec
    facts: Mapping[str, object]
    fields: Mapping[str, Tree]


def link_tests(
    files: Iterable[tuple[YamlFile, PolicyTestDocument]],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
) -> tuple[Case, ...]:
    """Return every case of every document, in their order; what is wrong with them goes to `findings`."""
    return tuple(
        case
        for file, document in files
        for case in _Linker(Spot(file), document, vocabulary, catalogues, findings).cases()
    )


class _Linker:
    """Links one document."""

    def __init__(
        self,
        spot: Spot,
        document: PolicyTestDocument,
        vocabulary: Vocabulary,
        catalogues: Mapping[str, Catalogue],
        findings: Findings,
    ) -> None:
        self.spot = spot
        self.document = document
        self.words = vocabulary
        self.catalogues = catalogues
        self.findings = findings
        self.records = {name: self._record(name, given) for name, given in document.records.items()}
        self.callers = {name: self._caller(name, given) for name, given in document.callers.items()}

    def cases(self) -> Iterator[Case]:
        """Yield the cases of all tests."""
        if not self.document.tests:
            self.findings.add(self.spot / "tests", "LG117", "the list is empty; write at least one test")
        for at, test in enumerate(self.document.tests):
            spot = self.spot / "tests" / at
            self.findings.once(spot / "name", f"test in {self.spot.file.path}", test.name)
            if (test.expect is None) == (test.table is None):
                self.findings.add(spot, "LG117", "a test needs either expect or table")
            elif test.table is None:
                yield from self._case(spot, test, test, test.name)
            else:
                yield from self._rows(spot, test)

    def _rows(self, spot: Spot, test: TestDocument) -> Iterator[Case]:
        if not test.table:
            self.findings.add(spot / "table", "LG117", "the list is empty; write at least one row")
        for at, row in enumerate(test.table or ()):
            given = [row.caller, row.purpose, row.action, row.record]
            what = row.name or ", ".join(str(each) for each in given if each is not None) or str(at + 1)
            yield from self._case(spot / "table" / at, row, test, f"{test.name} [{what}]")

    def _case(self, spot: Spot, row: AskDocument, test: TestDocument, name: str) -> Iterator[Case]:
        """Yield the case of a test or row, unless something is wrong with it."""
        caller, purpose = row.caller or test.caller, row.purpose or test.purpose
        action, record = row.action or test.action, row.record or test.record
        missing = {
            "caller": caller,
            "purpose": purpose,
            "action": action,
            "record": record,
            "expect": row.expect,
        }
        for key, value in missing.items():
            if value is None:
                self.findings.add(spot, "LG117", f'missing key "{key}"')
        if not (caller and purpose and action and record and row.expect is not None):
            return
        known = self.findings.known
        fine = known(self._said(spot, "caller"), "caller", caller, self.callers)
        fine &= known(self._said(spot, "purpose"), "purpose", purpose, self.words.purposes)
        fine &= known(self._said(spot, "record"), "record", record, self.records)
        who, what = self.callers.get(caller), self.records.get(record)
        if not fine or who is None or what is None:
            return
        client = self.words.clients.get(who.client)
        if client is not None and purpose not in client.purposes:
            message = (
                f"client {who.client} is not registered for {purpose}: it is refused before policy is asked"
            )
            self.findings.add(self._said(spot, "purpose"), "LG117", message)
            return
        yield Case(
            name=name,
            place=str(spot),
            caller=caller,
            record=record,
            now=self.document.now,
            principal=who,
            purpose=purpose,
            action=action,
            connector=what.connector,
            object=what.spec.name,
            facts=what.facts,
            fields=what.fields,
            expected=self._expectations(spot / "expect", row.expect, what, action),
        )

    @staticmethod
    def _said(spot: Spot, key: str) -> Spot:
        """Return where a key stands: in the row, or in the test around it."""
        path = (*spot.path, key)
        return spot / key if path in spot.file.places else Spot(spot.file, (*spot.path[:2], key))

    # ---- who ---------------------------------------------------------------------------------------------

    def _caller(self, name: str, given: CallerDocument) -> Principal | None:
        spot = self.spot / "callers" / name
        if given.client is not None:
            if not self.findings.known(spot / "client", "client", given.client, self.words.clients):
                return None
            client = self.words.clients[given.client]
            return Principal(given.client, given.client, client.roles, client.recipient, client.kind)
        roles = self.findings.selector(spot / "roles", "role", given.roles, self.words.roles)
        recipient = given.recipient or ""
        if not self.findings.known(spot / "recipient", "recipient", recipient, self.words.recipients):
            return None
        found = self.words.recipients[recipient].recipient
        return Principal(name, "", roles or frozenset(), found, given.kind or "integration")

    # ---- about what --------------------------------------------------------------------------------------

    def _record(self, name: str, given: RecordDocument) -> _Record | None:
        spot = self.spot / "records" / name
        chain = self._chain(spot, name, given)
        if chain is None:
            return None
        word = next((each.object for each in chain if each.object is not None), None)
        crm = next((each.connector for each in chain if each.connector is not None), None)
        found = self._spec(spot, word, crm)
        if found is None:
            return None
        connector, spec = found
        attributes: dict[str, object] = {}
        fields: dict[str, Tree] = {}
        for each in reversed(chain):
            attributes |= each.attributes
            fields |= each.fields
        for field in given.fields:
            self.findings.known(spot / "fields" / field, f"field of {spec.name}", field, spec.fields)
        facts = facts_of(spec, attributes, spot / "attributes", self.findings)
        return _Record(connector, spec, facts, fields)

    def _chain(self, spot: Spot, name: str, given: RecordDocument) -> list[RecordDocument] | None:
        """Return a record and those it extends; None if there is no such chain."""
        chain, seen = [given], {name}
        while (above := chain[-1].extends) is not None:
            if above in seen:
                self.findings.add(spot / "extends", "LG117", "a record cannot extend itself")
                return None
            if not self.findings.known(spot / "extends", "record", above, self.document.records):
                return None
            seen.add(above)
            chain.append(self.document.records[above])
        return chain

    def _spec(self, spot: Spot, name: str | None, connector: str | None) -> tuple[str, ObjectSpec] | None:
        if name is None:
            self.findings.add(spot, "LG117", 'missing key "object"')
            return None
        if connector is not None:
            if not self.findings.known(spot / "connector", "connector", connector, self.catalogues):
                return None
            having = [connector]
        else:
            having = sorted(crm for crm, catalogue in self.catalogues.items() if name in catalogue)
            if len(having) > 1:
                message = f"{name} is an object of {' and '.join(having)}; say which connector"
                self.findings.add(spot / "object", "LG117", message)
                return None
        objects = {each for crm in having or self.catalogues for each in self.catalogues[crm]}
        if not self.findings.known(spot / "object", "object", name, objects):
            return None
        return having[0], self.catalogues[having[0]][name]

    # ---- what has to come out ----------------------------------------------------------------------------

    def _expectations(
        self, spot: Spot, given: Mapping[str, object], record: _Record, action: Action
    ) -> dict[str, Expected]:
        spec = record.spec
        found: dict[str, Expected] = {}
        for key, what in given.items():
            if key == OTHERS:
                continue
            field = RECORD_ITSELF if key == ITSELF else key
            if field and not self.findings.known(spot / key, f"field of {spec.name}", key, spec.fields):
                continue
            expected = self._expected(spot / key, what)
            if expected.effect is None and (action not in _SHOWN or field not in record.fields):
                self._no_value(spot / key, what, action, spec.name)
            found[field] = expected
        if OTHERS in given:
            others = self._expected(spot / OTHERS, given[OTHERS])
            if others.effect is None:
                self._no_value(spot / OTHERS, given[OTHERS], action, spec.name)
            found |= {field: others for field in spec.fields if field not in found}
        return found

    def _expected(self, spot: Spot, given: object) -> Expected:
        if isinstance(given, dict):
            if set(given) == {"value"}:
                return Expected(_text(given["value"]), value=given["value"])
            self.findings.add(spot, "LG117", "expected a word, a value, or {value: ...}")
        if not isinstance(given, str):
            return Expected(_text(given), value=given)
        if given in _EFFECTS:
            return Expected(given, _EFFECTS[given])
        if given.startswith("mask(") and given.endswith(")"):
            self.findings.known(spot, "mask", given[5:-1], self.words.masks)
            return Expected(given, Effect.MASK, given[5:-1])
        return Expected(_text(given), value=given)

    def _no_value(self, spot: Spot, given: object, action: Action, name: str) -> None:
        words = ", ".join(_EFFECTS)
        shown = f' "{given}"' if isinstance(given, str) else ""
        near = nearest(given, _EFFECTS) if isinstance(given, str) else ""
        if near:
            self.findings.add(spot, "LG101", f"unknown effect{shown}{near}")
            return
        why = f"{action} shows none" if action not in _SHOWN else f"the record of {name} has none for this field"
        self.findings.add(spot, "LG117", f"a value{shown} cannot come out: {why}; expected one of {words}")


_SHOWN: Final = frozenset({Action.READ, Action.LIST})


def _text(value: object) -> str:
    return str(value) if isinstance(value, str) else repr(value)
