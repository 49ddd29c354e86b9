"""Search criteria as the sandbox reads them: `((Last_Name:equals:Byrne)and(Email:starts_with:a))`."""

from typing import Final

from proxy.sandbox.zoho.coql import Condition, Pair, Term
from proxy.sandbox.zoho.refusals import ZohoError

OPERATORS: Final = {
    "equals": "=",
    "not_equal": "!=",
    "greater_than": ">",
    "greater_equal": ">=",
    "less_than": "<",
    "less_equal": "<=",
    "starts_with": "like",
    "between": "between",
    "in": "in",
}


def parse(text: str) -> Condition:
    """Return what is looked for; raises ZohoError where nobody can say."""
    reader = _Reader(text)
    found = reader.pair()
    reader.skip()
    if reader.at < len(text):
        raise reader.wrong()
    return found


class _Reader:
    """Goes over the signs of a criterion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    def wrong(self) -> ZohoError:
        return ZohoError(400, "INVALID_QUERY", "invalid query formed", {"at": self._text[self.at :]})

    def skip(self) -> None:
        while self._text[self.at : self.at + 1] == " ":
            self.at += 1

    def _is(self, text: str) -> bool:
        self.skip()
        if self._text[self.at : self.at + len(text)].lower() != text:
            return False
        self.at += len(text)
        return True

    def pair(self) -> Condition:
        one = self._operand()
        for word in ("and", "or"):
            if self._is(word):
                return Pair(word, one, self._operand())
        return one

    def _operand(self) -> Condition:
        if not self._is("("):
            raise self.wrong()
        self.skip()
        found = self.pair() if self._text[self.at : self.at + 1] == "(" else self._term()
        if not self._is(")"):
            raise self.wrong()
        return found

    def _term(self) -> Term:
        parts = self._until(")")
        pieces = _split(parts, ":", 2)
        if len(pieces) != 3 or (operator := OPERATORS.get("".join(pieces[1]))) is None:
            raise self.wrong()
        name = "".join(pieces[0]).strip()
        values = ["".join(each) for each in _split(pieces[2], ",", -1)] if operator in {"in", "between"} else []
        values = values or ["".join(pieces[2])]
        if "".join(pieces[1]) == "starts_with":
            values = [f"{values[0]}%"]
        if operator == "between" and len(values) != 2:
            raise self.wrong()
        return Term(tuple(name.split(".")), operator, tuple(map(_plain, values)))

    def _until(self, end: str) -> list[str]:
        """Return the signs up to the end of a term; one after a backslash stands with it, for itself."""
        found = []
        while self.at < len(self._text) and self._text[self.at] != end:
            width = 2 if self._text[self.at] == "\\" else 1
            found.append(self._text[self.at : self.at + width])
            self.at += width
        return found


def _split(signs: list[str], at: str, most: int) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for sign in signs:
        if sign == at and (most < 0 or len(parts) <= most):
            parts.append([])
        else:
            parts[-1].append(sign)
    return parts


def _plain(text: str) -> str:
    found, escaped = "", False
    for sign in text:
        if sign == "\\" and not escaped:
            escaped = True
        else:
            found, escaped = found + sign, False
    return found
