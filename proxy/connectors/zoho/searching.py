"""The grammar `zoho-search`: records by criteria, an address, a number, or a word in all that is searched.

One of the four at a time: where there are several, Zoho takes the first it knows and says nothing of the others.
"""

from dataclasses import dataclass, replace
from typing import Final

from proxy.connectors.comparing import Looking
from proxy.connectors.grammar import Asking, Grammar, Reading, Setting
from proxy.connectors.implied import adding
from proxy.connectors.plain import Plain, compile_plain
from proxy.connectors.spec import RouteModel
from proxy.connectors.words import ObjectWords
from proxy.connectors.zoho import criteria
from proxy.connectors.zoho.meaning import Names, compared, swapped
from proxy.connectors.zoho.queries import names_of
from proxy.connectors.zoho.tree import Condition
from proxy.errors import Gap, Undecodable
from proxy.model import Action, FieldUse, Operation

CRITERIA: Final = "criteria"
SCOPES: Final = ("email", "phone")
WORD: Final = "word"
_MOST: Final = 500
"""Characters of what is looked for without criteria."""


@dataclass(frozen=True, slots=True)
class Searching:
    """Reads a search."""

    plain: Plain
    names: Names

    def read(self, asking: Asking) -> Reading:
        """Return what is looked into, and what is shown of what is found; see `Grammar.read`."""
        given = [name for name in (CRITERIA, *SCOPES, WORD) if name in asking.query]
        if len(given) != 1:
            raise Undecodable("query_missing" if not given else "repeated_parameter")
        words = self.names.words.object(asking.params["object"])
        text = asking.query[given[0]][0]
        if given[0] == CRITERIA:
            return self._by(criteria.parse(text), words, asking)
        if not text or len(text) > _MOST or not text.isprintable():
            raise Gap("construct", "unknown_value")
        looked = words.searched if given[0] == WORD else words.searched_in.get(given[0], ())
        if not looked:
            raise Gap("construct", "search_scope")
        uses = tuple(FieldUse(words.name, name, Action.FILTER) for name in looked)
        return adding(self.plain.read(asking), (Operation(Action.READ, words.name, uses),))

    def _by(self, condition: Condition, words: ObjectWords, asking: Asking) -> Reading:
        uses, records = compared(condition, words, self.names)
        query = {**asking.query, CRITERIA: (criteria.write(condition),)}
        reading = self.plain.read(replace(asking, query=query))
        reading = adding(reading, (Operation(Action.READ, words.name, uses, records),))

        def swap(looking: Looking) -> Reading:
            return self._by(swapped(condition, words, self.names, looking), words, asking)

        return replace(reading, swap=swap)


def compile_zoho_search(route: RouteModel, setting: Setting) -> Grammar:
    """Return the grammar of a route that searches; raises ValueError where the route is wrong."""
    if not route.answer or CRITERIA not in route.query:
        raise ValueError("needs an answer and a query parameter criteria for its grammar")
    plain = compile_plain(route, setting)
    assert isinstance(plain, Plain)
    return Searching(plain, names_of(setting))
