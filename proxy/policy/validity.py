"""What a set demands of values before they are written, with every name resolved."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from proxy.forms import check_form
from proxy.model import Catalogue, FieldSpec, Form, ObjectSpec
from proxy.policy.documents import CountryDocument, PolicyDocument, ValidityDocument
from proxy.policy.link import Linker
from proxy.policy.names import Findings, Spot
from proxy.policy.rules import LAXER, Mode, On
from proxy.policy.vocabulary import Vocabulary
from proxy.yamlfile import YamlFile

_OTHER_TYPES = frozenset({"boolean", "time"})


@dataclass(frozen=True, slots=True)
class Validity:
    """One demand: values of these fields are of this form, whoever writes them and what for."""

    id: str
    form: Form
    on: On
    mode: Mode
    spot: Spot


Demands = Mapping[str, tuple[Validity, ...]]
"""Field -> what is demanded of it."""


def link_validity(
    files: Iterable[tuple[YamlFile, PolicyDocument]],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
) -> tuple[Validity, ...]:
    """Return every demand of every policy document; what is wrong with them goes to `findings`."""
    linker = _Linker(vocabulary, catalogues, findings)
    return tuple(
        linker.demand(Spot(file) / "validity" / at, given, document.mode)
        for file, document in files
        for at, given in enumerate(document.validity)
    )


def demands_on(validity: Iterable[Validity], connector: str, spec: ObjectSpec) -> Demands:
    """Return what is demanded of each field of one object."""
    found: dict[str, tuple[Validity, ...]] = {}
    for each in validity:
        for field in each.on.within(connector, spec) & spec.fields.keys():
            found[field] = (*found.get(field, ()), each)
    return found


class _Linker:
    """Links one demand at a time."""

    def __init__(self, vocabulary: Vocabulary, catalogues: Mapping[str, Catalogue], findings: Findings) -> None:
        self.catalogues = catalogues
        self.findings = findings
        self.shared = Linker(vocabulary, catalogues, findings)

    def demand(self, spot: Spot, given: ValidityDocument, most: Mode) -> Validity:
        """Return one demand; its mode is no stricter than `most`."""
        self.findings.once(spot / "id", "rule", given.id)
        form = _form(given)
        try:
            check_form(form)
        except ValueError as error:
            self.findings.add(spot / "form", "LG117", str(error))
        on = self.shared.on(spot / "on", given.on)
        found = Validity(given.id, form, on, max(given.mode, most, key=LAXER.index), spot)
        self._check_fields(found)
        return found

    def _check_fields(self, demand: Validity) -> None:
        """Note a demand that concerns nothing, or fields that its form or its country cannot be meant for."""
        concerned = list(_concerned(demand, self.catalogues))
        if not concerned:
            message = f"{demand.id} demands nothing: no connector lists a field that it is on"
            self.findings.add(demand.spot / "on", "LG103", message, severity="warning")
        country = demand.form.country_field
        for name, spec, field, of in concerned:
            if of.type in _OTHER_TYPES:
                message = f"{demand.id} demands {demand.form.kind} of {name}.{field}, which holds a {of.type}"
                self.findings.add(demand.spot / "form", "LG117", message)
            if country and country not in spec.fields:
                message = f'{name} has no field "{country}" that says whose {name}.{field} is'
                self.findings.add(demand.spot / "country" / "field", "LG101", message)


def _form(given: ValidityDocument) -> Form:
    country = given.country
    if isinstance(country, CountryDocument):
        return Form(given.form, country=country.default or "", country_field=country.field)
    return Form(given.form, given.number or "", given.pattern or "", country or "", find=given.find or "")


def _concerned(
    demand: Validity, catalogues: Mapping[str, Catalogue]
) -> Iterator[tuple[str, ObjectSpec, str, FieldSpec]]:
    for connector, catalogue in catalogues.items():
        for name, spec in catalogue.items():
            for field in sorted(demand.on.within(connector, spec) & spec.fields.keys()):
                yield name, spec, field, spec.fields[field]
