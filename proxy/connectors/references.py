"""References from one request to another inside the same one, as far as they tell nothing: `@{ref.id}`.

What `ref` has to be is a part before this one, of the same graph, that creates a record; the CRM then puts the
new id in place of the text. Anything else that a reference can carry was read from a record, and is refused. So
that the rest of a path is read as ever, an id of our own stands there in the meantime, which no client can know.
"""

import re
import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.connectors.asked import Asked, Sent
from proxy.connectors.partshapes import Part
from proxy.connectors.words import Words
from proxy.errors import Gap
from proxy.message import Tree
from proxy.model import Action

REFERENCE: Final = "@{"
_ID: Final = re.compile(r"@\{([A-Za-z][A-Za-z0-9_]{0,79})\.id\}", re.ASCII)
_IN_PATH: Final = re.compile(r"(?<=/)@\{[^/{}]*\}(?=/|$)", re.ASCII)
_LETTERS: Final = string.ascii_letters + string.digits


def _graph(part: Part) -> str:
    return part.reference.rpartition("/")[0]


@dataclass(slots=True)
class References:
    """The records that the parts so far create."""

    _made: set[str] = field(default_factory=set)
    """Names of the parts, each with its graph."""

    def note(self, part: Part, asked: Asked) -> None:
        """Note what a part creates: one record, whose id its answer tells."""
        main, *more = asked.operations
        one = len(asked.writes) == 1 and asked.tree == asked.writes[0].members
        if part.reference and part.method == "POST" and main.action is Action.CREATE and one and not more:
            self._made.add(part.reference)

    def may_stand(self, part: Part, text: str) -> bool:
        """Say whether a text is a reference that tells nothing, and nothing else."""
        found = _ID.fullmatch(text)
        return found is not None and self._named(part, found[1]) in self._made

    def _named(self, part: Part, name: str) -> str:
        graph = _graph(part)
        return f"{graph}/{name}" if graph else name

    def taken(self, part: Part, path: str) -> tuple[str, dict[str, str]]:
        """Return a path with ids of our own for the references in it, and what each stands for.

        Raises:
            Gap: a reference that may carry anything else.
        """
        stands: dict[str, str] = {}

        def one(found: re.Match[str]) -> str:
            if not self.may_stand(part, found[0]):
                raise Gap("construct", "reference")
            stand = "x" + "".join(secrets.choice(_LETTERS) for _ in range(14))
            stands[stand] = found[0]
            return stand

        return _IN_PATH.sub(one, path), stands

    def check(self, part: Part, asked: Asked, words: Words) -> None:
        """Return if references in the body are whole values of fields that link records.

        Raises:
            Gap: one is written into a field of another kind, or names a field.
        """
        for record in asked.writes:
            spec = words.objects[record.object].spec
            for name, value in record.members.items():
                if isinstance(value, str) and REFERENCE in value:
                    known = spec.fields.get(name)
                    if known is None or known.semantic != "id":
                        raise Gap("construct", "reference")
        if _count(part.body) != sum(_count(record.members) for record in asked.writes):
            raise Gap("construct", "reference")  # it stands where no field is written

    def put_back(self, asked: Asked, stands: dict[str, str]) -> Asked:
        """Return a request with the references in its path, and no record named by our own ids.

        Raises:
            Gap: one stands where no id does.
        """
        if not stands:
            return asked
        if not stands.keys() <= {key for each in asked.operations for key in each.records}:
            raise Gap("construct", "reference")
        operations = tuple(
            replace(each, records=tuple(key for key in each.records if key not in stands))
            for each in asked.operations
        )
        return replace(
            asked,
            operations=operations,
            place=_put(asked.place, stands),
            widen=_later(asked.widen, stands),
            less=_later(asked.less, stands),
        )


def _put(place: Callable[[], str], stands: dict[str, str]) -> Callable[[], str]:
    def put() -> str:
        target = place()
        for stand, reference in stands.items():
            target = target.replace(f"/{stand}", f"/{reference}")
        return target

    return put


def _later[Wish](change: Callable[[Wish], Sent] | None, stands: dict[str, str]) -> Callable[[Wish], Sent] | None:
    """Return what asks for more or less, so that what it returns has the references, too."""
    if change is None:
        return None

    def changed(wish: Wish) -> Sent:
        sent = change(wish)
        return sent._replace(place=_put(sent.place, stands), widen=_later(sent.widen, stands))

    return changed


def _count(tree: Tree) -> int:
    """Return how many references are in a body, names of members included."""
    if isinstance(tree, str):
        return tree.count(REFERENCE)
    if isinstance(tree, list):
        return sum(map(_count, tree))
    if isinstance(tree, dict):
        return sum(_count(name) + _count(value) for name, value in tree.items())
    return 0
