"""Odoo's search domains: operators before their operands, `['|', ('name', '=', 'x'), ('active', '=', True)]`.

What a leaf looks at is found as for Tryton, by `proxy.connectors.domains`; only the notation is another. What is
not in this grammar (`child_of`, `parent_of`, a number of leaves that do not fit their operators) is refused.
"""

from typing import Final

from proxy.connectors.comparing import Looking
from proxy.connectors.domains import Shapes, label_uses, path_uses, refuse_labelled, swap_comparison
from proxy.errors import Gap, Undecodable
from proxy.message import Tree
from proxy.model import Action, FieldUse

MAX_DEPTH: Final = 16
MAX_LEAVES: Final = 500
MAX_VALUES: Final = 1_000

COMPARISONS: Final = frozenset({"=", "!=", "<", ">", "<=", ">=", "in", "not in", "=?"})
PATTERNS: Final = frozenset({"like", "not like", "ilike", "not ilike", "=like", "=ilike"})
_SUBDOMAINS: Final = frozenset({"any", "not any"})
_JOINTS: Final = {"&": 2, "|": 2, "!": 1}
_ALWAYS: Final = ([1, "=", 1], [0, "=", 1])


class Filtered:
    """Collects what one domain filters by, and the records it names."""

    def __init__(self, shapes: Shapes) -> None:
        self.uses: dict[FieldUse, None] = {}
        self.ids: list[int] = []
        self._shapes = shapes
        self._leaves = 0

    def domain(self, tree: Tree, model: str, depth: int = 1) -> None:
        """Take in a domain; False and None are an empty one.

        Raises:
            Undecodable: not a domain.
            Gap: a construct outside the grammar.
        """
        if tree is None or tree is False:
            return
        if not isinstance(tree, list) or depth > MAX_DEPTH:
            raise Undecodable("bad_domain")
        open_places = 1  # operands that are still to come; what follows a whole is joined to it by `and`
        for part in tree:
            open_places = open_places or 1
            if isinstance(part, str):
                if part not in _JOINTS:
                    raise Undecodable("bad_domain")
                open_places += _JOINTS[part] - 1
                continue
            self._leaf(part, model, depth)
            open_places -= 1
        if tree and open_places:
            raise Undecodable("bad_domain")

    def _leaf(self, leaf: Tree, model: str, depth: int) -> None:
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise Undecodable("domain_too_long")
        if leaf in _ALWAYS:
            return
        match leaf:
            case [str(path), str(operator), value]:
                pass
            case _:
                raise Undecodable("bad_domain")
        uses, target = path_uses(path, model, self._shapes, Action.FILTER)
        self.uses.update(dict.fromkeys(uses))
        last = uses[-1]
        if operator in _SUBDOMAINS:
            if target is None:
                raise Gap("construct", "domain_operator")
            self.domain(value, target, depth + 1)
        elif operator in COMPARISONS or operator in PATTERNS:
            _check_operand(value)
            self._compared(path, operator, value, last, target)
        else:
            raise Gap("construct", "domain_operator")

    def _compared(self, path: str, operator: str, value: Tree, last: FieldUse, target: str | None) -> None:
        values = value if isinstance(value, list) else [value]
        if target is not None and (operator in PATTERNS or any(isinstance(each, str) for each in values)):
            self.labelled(target)
        elif target is None and last.field == self._shapes[last.object].called:
            self.labelled(last.object)
        if path == "id" and operator in {"=", "in"}:
            self.ids += [each for each in values if isinstance(each, int) and not isinstance(each, bool)]

    def labelled(self, model: str) -> None:
        """Note a search by what records of a model are called."""
        self.uses.update(dict.fromkeys(label_uses(model, self._shapes[model].called, self._shapes)))


def _check_operand(value: Tree) -> None:
    values = value if isinstance(value, list) else [value]
    if len(values) > MAX_VALUES:
        raise Undecodable("domain_too_long")
    if any(isinstance(each, list | dict) for each in values):
        raise Gap("construct", "domain_operand")


def swap_domain(tree: Tree, model: str, shapes: Shapes, looking: Looking) -> None:
    """Put each comparison of a protected field, in place, into what the CRM has; the domain was taken in before.

    Raises:
        Refused: a protected field is compared by anything but equality with texts.
    """
    for leaf in tree if isinstance(tree, list) else ():
        if not isinstance(leaf, list) or leaf in _ALWAYS:
            continue
        path, operator, value = str(leaf[0]), str(leaf[1]), leaf[2]
        uses, target = path_uses(path, model, shapes, Action.FILTER)
        if operator in _SUBDOMAINS:
            if target is not None:
                swap_domain(value, target, shapes, looking)
            continue
        swap_comparison(leaf, uses, looking)
        last = uses[-1]
        values = value if isinstance(value, list) else [value]
        if target is not None and (operator in PATTERNS or any(isinstance(each, str) for each in values)):
            refuse_labelled(target, shapes[target].called, shapes, looking)
        elif target is None and last.field == shapes[last.object].called:
            refuse_behind(last, shapes, looking)


def refuse_behind(last: FieldUse, shapes: Shapes, looking: Looking) -> None:
    """Return if a search by what a record is called looks into no protected field beside the one it names."""
    for use in label_uses(last.object, last.field, shapes):
        if use.field != last.field or use.object != last.object:
            looking.other(use.object, use.field)
