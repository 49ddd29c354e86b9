"""What whoever deletes by mutations is told where an erasure takes their place.

A server that deleted a record gives back `true`, or of the record what was asked for: here that is its id, as
the client wrote it, and null for all else. What is pending is null and an error, as of any field that failed.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from proxy.connectors.endings import Ends, Fates, Named, Said
from proxy.connectors.graphql.query import Selected
from proxy.connectors.graphql.selecting import TYPE
from proxy.connectors.graphql.spec import GraphqlField
from proxy.connectors.words import Words
from proxy.message import Tree

PENDING: Final = "It is not deleted yet: a case for erasure is open in its place."


class Gone(NamedTuple):
    """A field of the root that deletes one record."""

    root: Selected
    declared: GraphqlField
    named: Named


def ends_of_mutations(gone: Sequence[Gone], words: Words) -> Ends:
    """Return what says how the records of all fields have ended."""

    def say(fates: Fates) -> Said | None:
        if not all(each.named in fates for each in gone):
            return None
        open_ = [each for each in gone if not fates[each.named].done]
        data: dict[str, Tree] = {
            each.root.key: _shown(each, words) if fates[each.named].done else None for each in gone
        }
        errors = [_error(each, fates[each.named].case) for each in open_]
        return Said(200, {"data": data, "errors": errors} if errors else {"data": data})

    return say


def _error(gone: Gone, case: str) -> Tree:
    extensions = {"code": "ERASURE_ACCEPTED", "case": case}
    return {"message": PENDING, "path": [gone.root.key], "extensions": extensions}


def _shown(gone: Gone, words: Words) -> Tree:
    declared = gone.declared
    if not gone.root.inside:
        return True
    key = words.objects[declared.object].spec.subject_key or "id"
    steps = tuple(declared.records.split(".")) if declared.records else ()
    return _record(gone.root.inside, steps, key, _written(gone))


def _record(selection: Sequence[Selected], steps: tuple[str, ...], key: str, value: Tree) -> Tree:
    asked = [each for each in selection if each.name != TYPE]
    if steps:
        return {
            each.key: _record(each.inside, steps[1:], key, value) if each.name == steps[0] else None
            for each in asked
        }
    return {each.key: value if each.name == key else None for each in asked}


def _written(gone: Gone) -> Tree:
    """Return the id as the client wrote it: a schema may have numbers."""
    kinds: Mapping[str, str] = gone.declared.arguments
    return next((value for name, value in gone.root.arguments.items() if kinds.get(name) == "id"), gone.named[1])
