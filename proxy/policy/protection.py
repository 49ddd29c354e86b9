"""What a set has lie in the CRM as tokens or ciphertext, with every name resolved and every form seen to fit."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from proxy.crypto import digits, envelope, repeatable
from proxy.model import ALWAYS_SAME, Catalogue, FieldSpec, ObjectSpec, Protection, Protections
from proxy.policy.documents import PolicyDocument, ProtectDocument
from proxy.policy.link import Linker
from proxy.policy.names import Findings, Spot
from proxy.policy.taxonomy import UNCLASSIFIED, ancestors
from proxy.policy.vocabulary import Vocabulary
from proxy.protected.normal import normaliser_for
from proxy.protected.tokens import DOMAIN, FORMS, ROOM, form_for, is_public
from proxy.yamlfile import YamlFile

_ROOM: Final[Mapping[str, Callable[[int], int]]] = {
    "envelope": envelope.room,
    "deterministic": repeatable.room,
    "digits": digits.room,
}
_MAY_REFUSE: Final = "may refuse addresses of that domain, since nobody can have a mailbox"
_SAY: Final = "if the CRM takes them, write takes: [{}] in the connector"
_SAY_LENGTH: Final = "write length: there, a number or unlimited"
LEAST_ROOM: Final = 32
"""Bytes of a value that an envelope's field has to have room for: most names and streets are shorter."""
LEAST_NUMBER: Final = 12
"""The same of a number with other digits in its place: most national ones are shorter."""
_NUMBERS: Final = frozenset({"text", "id"})
"""Semantic types that are protected as digits: a number that rings, or is charged, could be a stranger's."""
_NO_TEXT: Final = frozenset({"number", "boolean", "date", "time"})
_NO_SEMANTIC: Final = frozenset({"date", "number"})
_STRICT: Final = frozenset({"email", "phone", "name"})
"""Semantic types whose fields take nothing that looks like ciphertext."""
_FEW: Final = frozenset(
    {
        "user.contact.address.country",
        "user.contact.address.state",
        "user.demographic",
        "user.privacy_preferences",
        "user.sex_life",
        "user.sexual_orientation",
        "user.race",
        "user.religious_belief",
        "user.political_opinion",
        "user.trade_union",
        "user.behavior.marketing",
    }
)
"""Categories with so few values that the same text for the same value says which it is."""
_FEW_NAMES: Final = re.compile(
    r"(gender|sex|salutation|title|country|state|status|rating|language|lang|level|type|stage|is_|has_)",
    re.IGNORECASE,
)

Placed = tuple[Protection, Spot]


def link_protection(
    files: Iterable[tuple[YamlFile, PolicyDocument]],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
) -> tuple[Protection, ...]:
    """Return how each protected field is protected; what is wrong with it goes to `findings`."""
    linker = _Linker(vocabulary, catalogues, findings)
    for file, document in files:
        for at, given in enumerate(document.protect):
            linker.take(Spot(file) / "protect" / at, given)
    linker.copies()
    return tuple(protection for protection, _ in linker.found.values())


def protections_in(all_: Iterable[Protection], connector: str) -> Protections:
    """Return how the fields of one connector are protected, by object and field."""
    found: dict[str, dict[str, Protection]] = {}
    for each in all_:
        if each.connector == connector:
            found.setdefault(each.object, {})[each.field] = each
    return found


class _Linker:
    """Links one entry at a time, and keeps what each field got."""

    def __init__(self, vocabulary: Vocabulary, catalogues: Mapping[str, Catalogue], findings: Findings) -> None:
        self.catalogues = catalogues
        self.findings = findings
        self.shared = Linker(vocabulary, catalogues, findings)
        self.found: dict[tuple[str, str, str], Placed] = {}

    def take(self, spot: Spot, given: ProtectDocument) -> None:
        """Take in one entry."""
        self.findings.once(spot / "id", "rule", given.id)
        self._check_entry(spot, given)
        on = self.shared.on(spot / "on", given.on)
        some = False
        for connector, catalogue in self.catalogues.items():
            for spec in catalogue.values():
                for field in sorted(on.within(connector, spec) & spec.fields.keys()):
                    some = True
                    self._field(spot, given, connector, spec, field)
        if not some:
            message = f"{given.id} protects nothing: no connector lists a field that it is on"
            self.findings.add(spot / "on", "LG103", message, severity="warning")

    def copies(self) -> None:
        """Note copies of protected fields that could be protected, and are not (LG149)."""
        left: dict[str, tuple[Spot, dict[str, None]]] = {}
        for connector, name, field, of in self._unprotected():
            for each in of.copies:
                if (made := self.found.get((connector, each.object, each.field))) is not None:
                    left.setdefault(made[0].rule, (made[1], {}))[1][f"{name}.{field}"] = None
        for spot, names in left.values():
            message = (
                f"{', '.join(names)} repeats what is protected here, and is not protected: it shows what the "
                "CRM has, a token or clear text; protect it as well, or waive this"
            )
            self.findings.add(spot / "on", "LG149", message, severity="warning")

    def _unprotected(self) -> Iterator[tuple[str, str, str, FieldSpec]]:
        for connector, catalogue in self.catalogues.items():
            for spec in catalogue.values():
                for field, of in spec.fields.items():
                    if of.length is not None and (connector, spec.name, field) not in self.found:
                        yield connector, spec.name, field, of

    def _check_entry(self, spot: Spot, given: ProtectDocument) -> None:
        if given.domain is not None and not DOMAIN.fullmatch(given.domain):
            message = "is no domain that mail can be sent to; write one of your own, as t.privacy.example.com"
            self.findings.add(spot / "domain", "LG117", message)
        if given.search and given.as_ == "envelope":
            message = (
                "an envelope is another text each time, so nothing finds it; use as: token, or search: false"
            )
            self.findings.add(spot / "search", "LG117", message)
        if given.as_ in ALWAYS_SAME and not self.findings.silence(spot, "LG141"):
            message = (
                "the same value is the same text to everybody who sees the CRM, and erasing a person does not "
                "reach it; use as: token, or waive LG141 here with a reason and a last day"
            )
            self.findings.add(spot / "as", "LG141", message)

    def _field(self, spot: Spot, given: ProtectDocument, connector: str, spec: ObjectSpec, field: str) -> None:
        of = spec.fields[field]
        what = f"{spec.name}.{field}"
        for code, at, message in _complaints(given, spec, field, of):
            self.findings.add(spot / at, code, f"{what} {message}")
        made = _protection(given, connector, spec.name, field, of)
        first = self.found.setdefault((connector, spec.name, field), (made, spot))
        if first[1] is not spot:
            message = f"{what} is protected by {first[0].rule} already; leave it out of one of the two"
            self.findings.add(spot / "on", "LG144", message, also=str(first[1] / "id"))


def _protection(given: ProtectDocument, connector: str, name: str, field: str, of: FieldSpec) -> Protection:
    room = ROOM if given.as_ == "token" else _ROOM[given.as_](of.length or 0)
    return Protection(
        rule=given.id,
        connector=connector,
        object=name,
        field=field,
        kind=given.as_,
        element=given.element or of.category,
        form=form_for(of.semantic).name if given.as_ == "token" else "",
        domain=given.domain or "",
        normaliser=normaliser_for(of.semantic) if given.search and given.as_ == "token" else "",
        leaving=given.leaving,
        room=room,
    )


def _complaints(
    given: ProtectDocument, spec: ObjectSpec, field: str, of: FieldSpec
) -> Iterator[tuple[str, str, str]]:
    """Yield code, key and sentence of whatever keeps a field from being protected like this."""
    if of.category == UNCLASSIFIED:
        return
    if field == spec.subject_key or (of.semantic == "id" and of.category.startswith("system")):
        yield "LG143", "on", "is what records are told apart by, and has to stay in clear; leave it out"
    for name, attribute in spec.attributes.items():
        if attribute.field == field:
            yield "LG143", "on", f"is what resource.{name} is read from, in clear; leave it out"
    if of.type in _NO_TEXT or of.semantic in _NO_SEMANTIC:
        kind = of.type or of.semantic
        yield (
            "LG140",
            "on",
            f"holds a {kind}, which no token or ciphertext is; mask it, or move it to a text field",
        )
        return
    if of.length is None:
        yield "LG145", "on", f"has a length that the connector does not say; {_SAY_LENGTH}"
    if given.as_ == "token":
        yield from _token_complaints(given, spec, of)
        return
    if of.semantic in _STRICT or (given.as_ == "digits" and of.semantic not in _NUMBERS):
        yield "LG140", "as", f"takes {of.semantic} values only, and ciphertext is none; use as: token"
    least = LEAST_NUMBER if given.as_ == "digits" else LEAST_ROOM
    if of.length is not None and (room := _ROOM[given.as_](of.length)) < least:
        left = f"leave {room} bytes for the value" if room > 0 else "leave nothing for the value"
        yield "LG140", "as", f"keeps {of.length} characters, which {left}; use as: token"
    if given.as_ in ALWAYS_SAME and _is_guessed(field, of):
        yield "LG142", "as", "has so few values that each is told by how often it occurs; use another form"


def _token_complaints(given: ProtectDocument, spec: ObjectSpec, of: FieldSpec) -> Iterator[tuple[str, str, str]]:
    form = form_for(of.semantic)
    if form.after and given.domain is None:
        yield "LG140", "as", "is an e-mail address, whose tokens need domain: one of your own that sinks mail"
        return
    if form.after and not is_public(given.domain or "") and "reserved_domains" not in spec.takes:
        yield (
            "LG146",
            "domain",
            f"{_MAY_REFUSE} there; write one of your own, or {_SAY.format('reserved_domains')}",
        )
    if form.name == "phone" and "unassigned_numbers" not in spec.takes:
        yield "LG146", "as", f"may refuse +999, which is no country's; {_SAY.format('unassigned_numbers')}"
    needed = FORMS[form.name].length(given.domain or "")
    if of.length is not None and needed > of.length:
        yield "LG140", "as", f"keeps {of.length} characters, and its tokens have {needed}"


def _is_guessed(field: str, of: FieldSpec) -> bool:
    """Say whether a field has so few values, as far as its name and class tell."""
    return not _FEW.isdisjoint(ancestors(of.category)) or _FEW_NAMES.match(field) is not None
