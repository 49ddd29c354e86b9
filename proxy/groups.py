"""Leaves what is computed from too few records out of an answer: IO-19, the minimum size of groups.

Rows of a query that groups or computes are no records: whether they may be shown depends on how many records
are behind them, which the answer says where the query counts. Where it does not, nobody can tell, and nothing is
shown.
"""

from collections.abc import Iterator
from typing import Final

from proxy.connectors import Opened
from proxy.errors import Refused
from proxy.exchange import Exchange
from proxy.message import Record, scalar_text
from proxy.policy.grouping import MinimumGroup
from proxy.withheld import restate, take_out

_MAX_DIGITS: Final = 15


def leave_out_small(exchange: Exchange, opened: Opened) -> None:
    """Take the groups out of an answer that have fewer records than policy demands for the caller.

    Raises:
        Refused: a count that stands alone is below that; or nobody can say how large a group is.
    """
    for name, size in opened.sizes:
        demand = _demand(exchange, name)
        if demand is not None and size < demand.minimum:
            raise Refused("group_too_small", demand.id)
    groups = [record for record in opened.records if record.counts is not None]
    demanded = {record.object: _demand(exchange, record.object) for record in groups}
    for record in groups:
        _refuse_others(exchange, record)
    small = {id(record.members) for record in groups if _is_small(record, demanded[record.object])}
    if small:
        take_out(opened, small, "group_too_small")
    restate(opened, lambda name: demanded.get(name) is not None)


def _is_small(record: Record, demand: MinimumGroup | None) -> bool:
    """Say whether a group has too few records; raises Refused where it does not say how many."""
    if demand is None:
        return False
    if not record.counts:
        raise Refused("group_uncounted", demand.id)
    return max(_sizes(record)) < demand.minimum


def _sizes(record: Record) -> Iterator[int]:
    """Yield what is said of a group's size; a count never says more than there are."""
    yield 0
    for name in record.counts or ():
        text = scalar_text(record.members.get(name)) or ""
        yield int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else 0


def _refuse_others(exchange: Exchange, record: Record) -> None:
    """Return if nothing in a group is computed from records of which the count is not.

    Raises:
        Refused: something is.
    """
    for name in {name for name, _, _ in (record.names or {}).values()} - {record.object}:
        demand = _demand(exchange, name)
        if demand is not None:
            raise Refused("group_uncounted", demand.id)


def _demand(exchange: Exchange, name: str) -> MinimumGroup | None:
    principal, purpose = exchange.principal, exchange.purpose
    assert principal is not None
    assert purpose is not None
    return exchange.rules.policies.minimum_group(
        exchange.rules.connector.name,
        name,
        roles=principal.roles,
        purpose=purpose.name,
        recipient=principal.recipient.name,
    )
