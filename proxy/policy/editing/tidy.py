"""`policy fmt`: a policy document in the one layout that reviews are used to, saying exactly what it said."""

import re
from collections.abc import Mapping
from typing import Final

import yaml
from pydantic import BaseModel

from proxy.errors import Problems
from proxy.policy.editing.layout import write
from proxy.policy.editing.order import Models
from proxy.policy.editing.tree import Node, Source, UnusualError, parse, scalars
from proxy.yamlfile import parse_yaml

Kinds = Mapping[str, type[BaseModel]]
"""Kind of document -> its model; the model's fields are the order of keys."""

_ONE_LETTER: Final = re.compile(r"[yYnN]")
"""Booleans in YAML 1.1's own words, though few readers go that far."""
_MEANT: Final = frozenset({"on"})
"""Keys of the language that such readers misread; the language is not spelled differently for their sake."""


def tidy(text: str, kinds: Kinds, path: str = "policy.yaml") -> str:
    """Return the text laid out anew; done twice it is the same as done once.

    Keys of the language are put in order, names and list items stay in the author's. Comments stay with what
    they are about. Text that other YAML readers take for something else (`NO`, `12:30`) is quoted.

    The result reads as the same data; a text for which that cannot be had is returned as it is.

    Args:
        text: any number of documents.
        kinds: models of the kinds whose keys are to be put in order.
        path: what problems call the text.

    Raises:
        Problems: the text cannot be read exactly.
    """
    before = [file.data for file in parse_yaml(text, path)]
    try:
        result = lay_out(text, kinds)
        steady = lay_out(result, kinds) == result
        after = [file.data for file in parse_yaml(result, path)]
    except (UnusualError, yaml.YAMLError, Problems):
        return text
    return result if steady and after == before else text


def lay_out(text: str, kinds: Kinds) -> str:
    """Return a readable text laid out anew, without looking whether it still says the same.

    Raises:
        UnusualError: it uses YAML in a way that the layout does not know.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    source = parse(_quoted(parse(plain)))
    return write(source, lambda root: _models(source, root, kinds))


def _quoted(source: Source) -> str:
    """Return the text with quotes around whatever YAML 1.1 would not read as the text it is."""
    pieces: list[str] = []
    done = 0
    for root in source.roots:
        for node, key in scalars(root):
            raw = source.raw(node)
            if node.plain and misread(raw) and not (key and raw in _MEANT):
                pieces += [source.text[done : node.start], f'"{raw}"']
                done = node.end
    return "".join([*pieces, source.text[done:]])


def misread(word: str) -> bool:
    """Tell whether a plain scalar is text in YAML 1.2 and a boolean or number in YAML 1.1."""
    old = yaml.SafeLoader("").resolve(yaml.ScalarNode, word, (True, False))  # type: ignore[no-untyped-call]
    if old.endswith((":bool", ":int", ":float")):
        return isinstance(parse_yaml(f"- {word}", "")[0].data[0], str)  # type: ignore[index] # a list of one
    return _ONE_LETTER.fullmatch(word) is not None


def _models(source: Source, root: Node, kinds: Kinds) -> Models:
    for entry in root.entries:
        if entry.key is not None and source.raw(entry.key) == "kind":
            model = kinds.get(source.raw(entry.value).strip("\"'"))
            return (model,) if model else ()
    return ()
