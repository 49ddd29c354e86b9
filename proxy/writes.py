"""Step 5 for what a client writes: no mask over the truth, and nothing that is not what its field is for."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from proxy.errors import Gap, Undecodable
from proxy.exchange import Exchange
from proxy.forms import fits
from proxy.message import Record, Tree
from proxy.model import Action, Mask
from proxy.policy.validity import Validity
from proxy.transforms import compile_echo, could_be_masked, is_standin


def check_writes(exchange: Exchange, records: Iterable[Record]) -> None:
    """Return if these records may be written as they are; what rules in mode warn or audit found is noted.

    Raises:
        Gap: a field that the connector does not list.
        Undecodable: `masked_value_written` or `invalid_value_written`, both 422, with the name of the field.
    """
    for record in records:
        _refuse_masked(exchange, record)
        _refuse_invalid(exchange, record)


def _refuse_masked(exchange: Exchange, record: Record) -> None:
    """Refuse a write that would put over the truth what was shown in its place (invariant 8).

    A mask is refused whoever sends it. Null, or the blank that a form makes of it, is refused where the caller
    may have been shown null for a value that is there.
    """
    rules = exchange.rules
    spec = rules.connector.catalogue[record.object]
    for name, value in record.members.items():
        if name in record.keep:
            continue
        known = spec.fields.get(name)
        if known is None:
            raise Gap("field", "field_not_writable", record.object)
        masks = rules.policies.masks_for(rules.connector.name, record.object, name)
        if _echoes(value, masks, known.semantic) or (
            _is_blank(value) and record.action is Action.UPDATE and exchange.nulls(record.object, name)
        ):
            raise Undecodable("masked_value_written", f"{record.object}.{name}", status=422)


def _is_blank(value: Tree) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _echoes(value: Tree, masks: Iterable[Mask], semantic: str) -> bool:
    """Say whether a value could be what a mask shows, or stands for another's."""
    shown = None if _is_blank(value) else value
    return is_standin(value) or any(could_be_masked(mask, semantic, shown) for mask in masks)


class WriteCheck:
    """Does what `check_writes` does for many records of one object; what their fields ask for is worked out
    once."""

    def __init__(
        self, exchange: Exchange, name: str, actions: tuple[Action, ...], fields: Iterable[str]
    ) -> None:
        """Take which fields are written; all of them are listed.

        Args:
            exchange: of the rows.
            name: the object.
            actions: what is done to the fields.
            fields: that any of the records writes.
        """
        rules, names = exchange.rules, list(fields)
        self._exchange, self._name = exchange, name
        spec = rules.connector.catalogue[name]
        self._asked: list[tuple[str, Callable[[Tree], bool], bool]] = []
        """Of each field: whether a value could be a mask, and whether null may have been shown in its place."""
        for each in names:
            echo = compile_echo(
                rules.policies.masks_for(rules.connector.name, name, each), spec.fields[each].semantic
            )
            nulls = Action.UPDATE in actions and exchange.nulls(name, each)
            self._asked.append((each, echo, nulls))
        self._action = actions[0]
        self._demanded = bool(rules.policies.demands(rules.connector.name, name).keys() & set(names))

    def check(self, members: Mapping[str, Tree]) -> None:
        """Return if a record may be written as it is; see `check_writes`."""
        for name, echo, nulls in self._asked:
            value = members.get(name, _ABSENT)
            if value is _ABSENT:
                continue
            blank = _is_blank(value)
            if is_standin(value) or echo(None if blank else value) or (nulls and blank):
                raise Undecodable("masked_value_written", f"{self._name}.{name}", status=422)
        if self._demanded:
            _refuse_invalid(self._exchange, Record(self._name, self._action, dict(members)))


_ABSENT = object()


def _refuse_invalid(exchange: Exchange, record: Record) -> None:
    """Refuse a value that is not of the form policy demands of its field (GDPR Art. 5(1)(d): accuracy)."""
    demands = exchange.rules.policies.demands(exchange.rules.connector.name, record.object)
    if not demands:
        return
    failed = {
        name: _failed(record, name, demands[name]) for name in sorted(record.members.keys() & demands.keys())
    }
    refusing = [name for name, wrong in failed.items() if any(demand.mode == "enforce" for demand in wrong)]
    if refusing and not (record.guesses and len(refusing) < len(record.members)):
        raise Undecodable("invalid_value_written", f"{record.object}.{refusing[0]}", status=422)
    each = [(f"{record.object}.{name}", demand) for name, wrong in failed.items() for demand in wrong]
    if not each:
        return
    warned = {demand.id for _, demand in each if demand.mode == "warn"}
    would = {f"{field}: refuse by {demand.id}" for field, demand in each if demand.mode == "audit"}
    ruling = exchange.ruling
    exchange.ruling = replace(
        ruling,
        warned=tuple(sorted({*ruling.warned, *warned})),
        would=tuple(sorted({*ruling.would, *would})),
    )


def _failed(record: Record, name: str, demands: Iterable[Validity]) -> list[Validity]:
    """Return the demands that the value of one member does not meet; what is judged elsewhere meets all."""
    if name in record.keep:
        return []
    return [demand for demand in demands if not fits(demand.form, record.members[name], record.members)]
