"""Fields that lie in the CRM as something else are not for rows yet: neither turned back, nor sealed on the way.

What is said here is a refusal, so that nothing of such a field leaves in clear, and no token is taken for a
value.
"""

from collections.abc import Iterable

from proxy.connectors import Opened
from proxy.errors import Refused
from proxy.exchange import Exchange
from proxy.message import Tree
from proxy.model import DISCLOSING, Effect


def refuse_protected(exchange: Exchange, fields: Iterable[tuple[str, str]], *, shown: bool = False) -> None:
    """Return if none of the fields is protected, or, where they are shown, nobody may be shown any of those.

    Raises:
        Refused: one is.
    """
    for name, field in fields:
        if field in exchange.protections.get(name, ()) and not (shown and _is_hidden(exchange, name, field)):
            raise Refused("protected_in_rows", f"{name}.{field}")


def refuse_protected_records(exchange: Exchange, opened: Opened) -> None:
    """Return if the records of an answer hold no protected field that could be shown.

    Raises:
        Refused: one does.
    """
    if not exchange.protections:
        return
    for alike in opened.alike:
        refuse_protected(exchange, ((alike.object, name) for name in alike.rows[0]), shown=True)
    for record in opened.records:
        members: dict[str, Tree] = record.members
        names = record.names or {}
        fields = (names.get(name, (record.object, name, record.action))[:2] for name in members)
        refuse_protected(exchange, fields, shown=True)


def _is_hidden(exchange: Exchange, name: str, field: str) -> bool:
    return all(exchange.foresee(name, action).of(field).effect >= Effect.REDACT for action in DISCLOSING)
