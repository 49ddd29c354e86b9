"""The `when` of a rule: conditions in a list, all of which must hold, or under any, all or none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from proxy.policy.conditions.flaws import SYNTAX, At, Flaw, Flawed
from proxy.policy.conditions.parsing import parse
from proxy.policy.conditions.syntax import Expr, Not, junction, moved

MAX_NESTING: Final = 8
_WORDS: Final = ("any", "all", "none")


def parse_when(tree: object) -> Expr:
    """Return the one expression that a `when` comes to.

    A text is a condition, a list is all of its items, and `{any: [...]}`, `{all: [...]}` or `{none: [...]}`
    is what it says; items are texts, lists and mappings again. An empty list is refused, for it could be read
    as always and as never. Flaws say in `at.within` in which text they are.

    Args:
        tree: as YAML gives it: unverified.

    Raises:
        Flawed: with the flaws of every text.
    """
    reading = _Reading()
    expr = reading.read(tree, ())
    if expr is None or reading.flaws:
        raise Flawed(reading.flaws)
    return expr


class _Reading:
    def __init__(self) -> None:
        self.flaws: list[Flaw] = []

    def read(self, tree: object, within: tuple[str, ...]) -> Expr | None:
        if len(within) > 2 * MAX_NESTING:
            return self._refused(within, f"any, all and none stand at most {MAX_NESTING} deep")
        if isinstance(tree, str):
            return self._text(tree, within)
        if isinstance(tree, list | tuple):
            return self._joined("all", tree, within)
        if isinstance(tree, Mapping):
            if len(tree) != 1 or next(iter(tree)) not in _WORDS:
                return self._refused(within, "expected one of any, all, none with a list of conditions")
            word, items = next(iter(tree.items()))
            if not isinstance(items, list | tuple):
                return self._refused((*within, word), f"expected a list of conditions under {word}")
            return self._joined(word, items, (*within, word))
        return self._refused(within, "expected a condition; put it in quotes if YAML reads it as something else")

    def _text(self, text: str, within: tuple[str, ...]) -> Expr | None:
        try:
            expr = parse(text)
        except Flawed as error:
            self.flaws += (replace(flaw, at=replace(flaw.at, within=within)) for flaw in error.flaws)
            return None
        return moved(expr, lambda at: replace(at, within=within))

    def _joined(
        self, word: str, items: "list[object] | tuple[object, ...]", within: tuple[str, ...]
    ) -> Expr | None:
        if not items:
            return self._refused(within, "the list is empty; name at least one condition, or leave it out")
        read = [self.read(each, (*within, str(count))) for count, each in enumerate(items)]
        found = tuple(each for each in read if each is not None)
        if len(found) < len(read):
            return None
        at = found[0].at
        if word == "all":
            return junction("&&", found, at)
        either = junction("||", found, at)
        return Not(either, at) if word == "none" else either

    def _refused(self, within: tuple[str, ...], message: str) -> Expr | None:
        self.flaws.append(Flaw(At(within=within), SYNTAX, message))
        return None
