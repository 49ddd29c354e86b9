"""What whoever deletes is told where an erasure takes the place of the delete: in the CRM's own words.

A connector says it as data (`endings:`), and each route by which records are deleted names the one that its
clients understand (`ends:`). `done` is what the CRM itself says of a delete; `pending` never says that a record
is deleted, and where a CRM has no word for that, it is left out: the client gets the CRM's own error.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from pydantic import Field

from proxy.connectors import fill
from proxy.message import Tree
from proxy.model import Operation
from proxy.yamlfile import Strict

BLANKS: Final = frozenset({"object", "id", "case", "cases", "each"})
"""What may stand in a body: the first record and its case, all cases, and what is said of each record."""
QUOTINGS: Final = frozenset({"", "int", "number", "long"})


class SaidModel(Strict):
    """One answer."""

    status: int = Field(ge=200, le=299)
    body: object = None
    """With blanks; left out: the answer has no body."""
    each: object = None
    """What is said of each record, where the body has `{each}`; in the order in which the client named them."""


class EndingModel(Strict):
    """What is said of records that a client deletes."""

    done: SaidModel
    """They are erased, or policy has it said so."""
    pending: SaidModel | None = None
    """A case is open. None: it is told as the CRM's own error."""


class Fate(NamedTuple):
    """What has become of a record that somebody deletes."""

    case: str
    done: bool


class Said(NamedTuple):
    """An answer that is not encoded yet."""

    status: int
    tree: Tree = None
    bodiless: bool = False
    """There is no body; without this, a tree that is None is null."""


Named = tuple[str, str]
"""Object and id of a record."""
Fates = Mapping[Named, Fate]
Ends = Callable[[Fates], Said | None]
"""Says what has become of the records of a request; None: the client cannot be told so."""


@dataclass(frozen=True, slots=True)
class Ending:
    """One of a connector's, compiled."""

    model: EndingModel

    @staticmethod
    def compile(model: EndingModel) -> "Ending":
        """Return it; raises ValueError where a blank is none."""
        for said in filter(None, (model.done, model.pending)):
            for name, quoting in fill.blanks([said.body, said.each]):
                if name not in BLANKS or quoting not in QUOTINGS:
                    raise ValueError(f'has a blank that nothing is put into: "{name}"')
            if (("each", "") in fill.blanks(said.body)) != (said.each is not None):
                raise ValueError("needs {each} in its body where it says `each`, and nowhere else")
        if model.pending is not None and (model.pending.each is None) != (model.done.each is None):
            raise ValueError("says `each` in both answers, or in none: some records may be done and others not")
        return Ending(model)

    def say(self, named: Sequence[Named], fates: Fates) -> Said | None:
        """Return what is said of records, in this order; None where this has no word for it."""
        if not named or not all(each in fates for each in named):
            return None
        model = self.model.done if all(fates[each].done for each in named) else self.model.pending
        if model is None:
            return None
        if "body" not in model.model_fields_set:
            return Said(model.status, bodiless=True)
        cases = list(dict.fromkeys(fates[each].case for each in named))
        every = [self._each(one, fates[one]) for one in named]
        return Said(model.status, fill.tree(model.body, {**_values(named[0], cases), "each": every}))

    def _each(self, named: Named, fate: Fate) -> object:
        model = self.model.done if fate.done else self.model.pending
        return None if model is None else fill.tree(model.each, _values(named, [fate.case]))


def _values(named: Named, cases: list[str]) -> dict[str, object]:
    return {"object": named[0], "id": named[1], "case": cases[0], "cases": cases}


def ends_of(
    ending: Ending | None,
    operations: Iterable[Operation],
    named: Sequence[Named] = (),
    wrap: Callable[[Tree], Tree] | None = None,
) -> Ends | None:
    """Return what says how the records of a request have ended.

    Args:
        ending: of its route.
        operations: what the request does.
        named: the records in the order in which the client named them; none: in that of the operations.
        wrap: puts a body into the envelope of the call.
    """
    if ending is None:
        return None
    of_all = ((each.object, key) for each in operations for key in each.records)
    records = named or tuple(dict.fromkeys(of_all))

    def say(fates: Fates) -> Said | None:
        said = ending.say(records, fates)
        return said if said is None or wrap is None else Said(said.status, wrap(said.tree))

    return say


def ends_of_all(each: Sequence[Ends | None], put: Callable[[list[Said]], Tree]) -> Ends | None:
    """Return the same of requests inside a request; None where one of them cannot be told.

    Args:
        each: of each of them.
        put: makes one answer of theirs.
    """
    if not all(each):
        return None

    def say(fates: Fates) -> Said | None:
        found = [said for ends in each if ends is not None and (said := ends(fates)) is not None]
        return Said(200, put(found)) if len(found) == len(each) else None

    return say
