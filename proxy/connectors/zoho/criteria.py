r"""Search criteria: `((Last_Name:equals:Byrne)and(Account_Name.id:in:17,18))`.

A value ends at a bracket; a bracket, comma or backslash that belongs to it has a backslash before it. What is
sent on is written anew, with all of these escaped.
"""

from collections.abc import Sequence
from typing import Final

from proxy.connectors.words import NAME
from proxy.connectors.zoho.parsing import MAX_CONDITIONS, MAX_DEPTH, MAX_LENGTH, MAX_VALUES, RESERVED, conditions
from proxy.connectors.zoho.tree import Compare, Condition, Junction, Path
from proxy.errors import Gap, Undecodable

OPERATORS: Final = {
    "equals": "=",
    "not_equal": "!=",
    "greater_than": ">",
    "greater_equal": ">=",
    "less_than": "<",
    "less_equal": "<=",
    "starts_with": "starts_with",
    "between": "between",
    "in": "in",
}
"""Operator of a criterion -> in COQL's words."""
_WORDS: Final = {word: name for name, word in OPERATORS.items()}
_SEVERAL: Final = frozenset({"between", "in"})
_ESCAPED: Final = frozenset("()\\,")


def parse(text: str) -> Condition:
    """Return what is looked for.

    Raises:
        Gap: not a criterion, or one that policy has no word for.
        Undecodable: too long, too deeply nested, or too many comparisons.
    """
    if len(text) > MAX_LENGTH:
        raise Undecodable("query_too_long", status=414)
    reader = _Reader(text)
    found = reader.pair(0)
    if not reader.ended:
        raise Gap("construct", "criteria")
    if conditions(found) > MAX_CONDITIONS:
        raise Undecodable("too_many_items", status=413)
    return found


def write(condition: Condition) -> str:
    """Return a condition as text, in brackets."""
    if isinstance(condition, Junction):
        return f"({write(condition.one)}{condition.word}{write(condition.other)})"
    if condition.operator == "not in":  # criteria have no word for it
        return _joined([write(Compare(condition.path, "!=", (value,))) for value in condition.values])
    values = ",".join(map(_escaped, condition.values))
    return f"({'.'.join(condition.path.hops)}:{_WORDS[condition.operator]}:{values})"


def _joined(criteria: Sequence[str]) -> str:
    """Return criteria that all hold, in pairs: half of them in each, so that few brackets stand in brackets."""
    if len(criteria) == 1:
        return criteria[0]
    half = len(criteria) // 2
    return f"({_joined(criteria[:half])}and{_joined(criteria[half:])})"


def _escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in _ESCAPED else sign for sign in text)


class _Reader:
    """Goes over the signs of a criterion, once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        self._skip()
        return self._at == len(self._text)

    def pair(self, depth: int) -> Condition:
        """Return one condition, or two with a word between them."""
        one = self._operand(depth)
        self._skip()
        for word in ("and", "or"):
            if self._text[self._at : self._at + len(word)].lower() == word:
                self._at += len(word)
                return Junction("and" if word == "and" else "or", one, self._operand(depth))
        return one

    def _operand(self, depth: int) -> Condition:
        if depth > MAX_DEPTH:
            raise Undecodable("query_too_deep")
        self._expect("(")
        self._skip()
        found = self.pair(depth + 1) if self._text[self._at : self._at + 1] == "(" else self._compare()
        self._expect(")")
        return found

    def _compare(self) -> Compare:
        path = Path(tuple(_name(hop) for hop in self._word().strip(" ").split(".")))
        operator = OPERATORS.get(self._word())
        if operator is None:
            raise Gap("construct", "unknown_operator")
        values = self._values()
        most = 2 if operator == "between" else MAX_VALUES if operator in _SEVERAL else 1
        if len(values) > most or (operator == "between" and len(values) != most):
            raise Gap("construct", "criteria")
        return Compare(path, operator, tuple(values))

    def _word(self) -> str:
        """Return what stands before the next colon."""
        end = self._text.find(":", self._at)
        if end < 0:
            raise Gap("construct", "criteria")
        word, self._at = self._text[self._at : end], end + 1
        return word

    def _values(self) -> list[str]:
        """Return the values up to the bracket that ends them, without what escapes their signs."""
        values = [""]
        while self._at < len(self._text) and (sign := self._text[self._at]) != ")":
            if sign == "\\":
                self._at += 1
                sign = self._text[self._at : self._at + 1]
                if sign not in _ESCAPED:
                    raise Gap("construct", "criteria")
                values[-1] += sign
            elif sign == ",":
                values.append("")
            elif sign == "(" or not sign.isprintable():
                raise Gap("construct", "criteria")
            else:
                values[-1] += sign
            self._at += 1
        return values

    def _expect(self, sign: str) -> None:
        self._skip()
        if self._text[self._at : self._at + 1] != sign:
            raise Gap("construct", "criteria")
        self._at += 1

    def _skip(self) -> None:
        while self._text[self._at : self._at + 1] == " ":
            self._at += 1


def _name(text: str) -> str:
    if not NAME.fullmatch(text) or text.lower() in RESERVED:
        raise Gap("construct", "not_a_field_name")
    return text
