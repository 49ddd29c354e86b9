"""Fills the blanks of a playbook's calls: `{object}`, `{id}`, `{value:soql}`.

Nothing is ever pasted: in a path a value is percent-encoded, in a JSON tree it is a leaf of its own, and where a
query language has text in it, the blank says which language quotes it. What the connector's author wrote is
trusted; what comes from a record is not.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from proxy.ids import long_form

Values = Mapping[str, object]
"""By the name of the blank: text, a number, or a list."""
_GUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_BLANK: Final = re.compile(r"\{([a-z]+)(?::([a-z]+))?\}")


def _soql(value: object) -> str:
    text = str(value).replace("\\", "\\\\").replace("'", "\\'")
    return "'" + text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + "'"


def _sosl(value: object) -> str:
    return re.sub(r"([?&|!{}\[\]()^~*:\\\"'+\-])", r"\\\1", str(value))


def _names(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _commas(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _like(value: object) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", str(value)) + "%"


def _odata(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _odataid(value: object) -> str:
    """A link is compared with a bare identifier; no quote can stand in one."""
    return str(value) if _GUID.fullmatch(str(value)) else _odata(value)


QUOTES: Final[Mapping[str, Callable[[object], object]]] = {
    "soql": _soql,
    "sosl": _sosl,
    "names": _names,
    "commas": _commas,
    "like": _like,
    "odata": _odata,
    "coql": _odata,  # a quote is doubled there, too
    "odataid": _odataid,
    "xml": lambda value: escape(str(value), {'"': "&quot;", "'": "&apos;"}),
    "json": lambda value: json.dumps(str(value)),
    "int": lambda value: int(str(value)),
    "number": lambda value: int(str(value)) if str(value).isdecimal() else value,
    "long": lambda value: long_form(str(value)),
}
"""Word in a blank -> how a value stands there."""


def blanks(template: object) -> set[tuple[str, str]]:
    """Return (name, quoting) of every blank in a tree of templates."""
    if isinstance(template, str):
        return set(_BLANK.findall(template))
    if isinstance(template, dict):
        return set[tuple[str, str]]().union(*map(blanks, [*template.keys(), *template.values()]))
    if isinstance(template, list):
        return set[tuple[str, str]]().union(*map(blanks, template))
    return set()


def path(template: str, values: Values) -> str:
    """Return a path with every value percent-encoded as one segment."""
    return _BLANK.sub(lambda match: quote(str(_quoted(match, values)), safe=""), template)


def text(template: str, values: Values) -> str:
    """Return a text with every value as its blank quotes it."""
    return _BLANK.sub(lambda match: str(_quoted(match, values)), template)


def tree(template: object, values: Values) -> object:
    """Return a tree: a text that is one blank becomes the value itself; an item of a list that is `{any}`
    becomes as many items as there are conditions."""
    if isinstance(template, dict):
        return {text(str(name), values): tree(value, values) for name, value in template.items()}
    if isinstance(template, list):
        found: list[object] = []
        for item in template:
            every = values.get("any")
            if item == "{any}" and isinstance(every, list):
                found += every
            else:
                found.append(tree(item, values))
        return found
    if isinstance(template, str):
        whole = _BLANK.fullmatch(template)
        return _quoted(whole, values) if whole else text(template, values)
    return template


def _quoted(match: re.Match[str], values: Values) -> object:
    value = values[match[1]]
    return QUOTES[match[2]](value) if match[2] else value
