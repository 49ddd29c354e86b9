"""Whether what a connector says of relations between its objects leads anywhere; for CRMs called by RPC."""

from collections.abc import Iterator, Mapping

from proxy.connectors.domains import UNDECLARED, Shapes, path_uses
from proxy.connectors.rpcspec import RpcRelation
from proxy.errors import Gap, Undecodable
from proxy.model import Action


def broken_relations(name: str, relations: Mapping[str, RpcRelation], shapes: Shapes) -> Iterator[str]:
    """Yield a complaint for each relation of an object that starts, ends or comes back at what is not listed."""
    for each, relation in relations.items():
        target = shapes.get(relation.object)
        if each not in shapes[name].fields or target is None:
            yield f'has a relation "{name}.{each}" from or to what is not listed'
        elif relation.inverse is not None and relation.inverse not in target.fields:
            yield f'has a relation "{name}.{each}" whose inverse is not a field of "{relation.object}"'


def resolves(path: str, name: str, shapes: Shapes) -> bool:
    """Say whether a dotted path from an object leads to a listed field, by listed fields only."""
    try:
        uses, _ = path_uses(path, name, shapes, Action.FILTER)
    except (Gap, Undecodable):
        return False
    return all(use.field != UNDECLARED for use in uses)
