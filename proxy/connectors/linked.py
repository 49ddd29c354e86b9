"""Which field says that two records are linked, and how answers list what is.

Who belongs to whom is a fact about a person: that somebody works for a company, has a ticket open, is in a list.
So a link between two objects is one field of one of them, and is judged as that field whichever end is asked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from proxy.connectors.spec import LinksModel
from proxy.connectors.values import Values
from proxy.connectors.words import Words
from proxy.errors import Gap


@dataclass(frozen=True, slots=True)
class Links:
    """The links between the objects of one CRM, compiled."""

    values: Values
    between: Mapping[tuple[str, str], tuple[str, str]]
    """The ends, in either order -> object and field that is the link."""

    @staticmethod
    def compile(model: LinksModel, words: Words, patterns: Mapping[str, re.Pattern[str]]) -> "Links":
        """Return the links a connector declares.

        Raises:
            ValueError: an object or field is not listed, or a path or kind is wrong.
        """
        between: dict[tuple[str, str], tuple[str, str]] = {}
        for name, others in model.between.items():
            for other, field in others.items():
                for each in (name, other):
                    if each not in words.objects:
                        raise ValueError(f'no object "{each}"')
                if field not in words.objects[name].spec.fields:
                    raise ValueError(f'no field "{field}" of {name}')
                if (other, name) in between:
                    raise ValueError(f"says twice what links {name} and {other}")
                between[other, name] = between[name, other] = (name, field)
        return Links(Values.compile(tuple(model.ids), model.beside, patterns), between)

    def field(self, name: str, other: str) -> tuple[str, str]:
        """Return the object and field that is the link between records of two objects.

        Raises:
            Gap: none is listed.
        """
        found = self.between.get((name, other))
        if found is None:
            raise Gap("construct", "unknown_link")
        return found
