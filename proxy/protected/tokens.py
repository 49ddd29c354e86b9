"""Tokens: random stand-ins that a CRM takes for a value of the field.

What each looks like follows from what CRMs refuse (HubSpot: e-mail domains whose top level nobody runs; names
with digits) and from what they change on their own (case, a number without +). So tokens are lower case and
ASCII, begin with nothing that a spreadsheet takes for a formula (telephone numbers apart), and a recipient of
the organisation's own receives what is sent to one. None says anything of the value, not even its length.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_BASE32: Final = "abcdefghijklmnopqrstuvwxyz234567"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
_DIGITS: Final = "0123456789"
DOMAIN: Final = re.compile(r"(?=.{4,48}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", re.ASCII)
"""A domain that tokens of e-mail fields may have: lower case, with a top level of letters."""

_NOT_PUBLIC: Final = frozenset(
    {
        *("alt", "arpa", "example", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain"),
        *("localhost", "corp", "mail", "onion", "private", "test"),
    }
)
ROOM: Final = 6_000
"""The most bytes of a value that a token stands for: the vault keeps it sealed in 8,192 characters."""

Choose = Callable[[str], str]
"""An alphabet -> one of its characters, drawn at random from a cryptographic source."""


@dataclass(frozen=True, slots=True)
class TokenForm:
    """What tokens of one kind of field look like."""

    name: str
    before: str
    alphabet: str
    count: int
    """Of random characters."""
    after: str = ""
    """`@`: the domain that policy names follows."""

    def length(self, domain: str = "") -> int:
        """Return how many characters each token has."""
        return len(self.before) + self.count + len(self.after) + (len(domain) if self.after else 0)

    def make(self, domain: str = "", choose: Choose = secrets.choice) -> str:
        """Return a token nobody has; whether it is taken, its maker has to see."""
        drawn = "".join(choose(self.alphabet) for _ in range(self.count))
        return self.before + drawn + (self.after + domain if self.after else "")


FORMS: Final = {
    form.name: form
    for form in (
        TokenForm("email", "t", _BASE32, 26, "@"),  # 130 bits
        TokenForm("phone", "+999", _DIGITS, 12),  # 40 bits; no country has +999 (ITU-T E.164)
        TokenForm("name", "zq", _LETTERS, 20),  # 94 bits
        TokenForm("text", "lgt", _BASE32, 26),  # 130 bits
    )
}
"""Every form of token, by name."""
_BY_SEMANTIC: Final = {"email": "email", "phone": "phone", "name": "name", "address": "name"}
_ANY: Final = r"t[a-z2-7]{26}@[a-z0-9.-]{4,48}|\+999[0-9]{12}|zq[a-z]{20}|lgt[a-z2-7]{26}"
_TOKENS: Final = re.compile(_ANY, re.ASCII | re.IGNORECASE)
_WITHIN: Final = re.compile(rf"(?<![A-Za-z0-9+])(?:{_ANY})(?![A-Za-z0-9])", re.ASCII | re.IGNORECASE)
_SHORTEST: Final = 16


def is_public(domain: str) -> bool:
    """Tell whether somebody can own a domain: its top level is none of those that are kept from that.

    Those of RFC 2606, 6761, 6762 (section 3 and appendix G), 7686, 8375 and 9476, and what ICANN has reserved.
    Whether IANA lists a top level today, a table in a program does not know.
    """
    return domain.rpartition(".")[2] not in _NOT_PUBLIC


def form_for(semantic: str) -> TokenForm:
    """Return the form of tokens in fields of one semantic type.

    Places are given tokens of letters only, as names are: a city with digits in it is refused by some.
    """
    return FORMS[_BY_SEMANTIC.get(semantic, "text")]


def token_in(text: str) -> str | None:
    """Return the token that a text looks like, as it was made, None for any other text.

    Space around it and a change of case are what programs between here and the CRM do to a text.
    """
    # Most values are told from a token by their length, and that is cheaper than to match them.
    if len(text) < _SHORTEST:
        return None
    text = text.strip()
    return text.lower() if _TOKENS.fullmatch(text) else None


def tokens_within(text: str, back: Callable[[re.Match[str]], str]) -> str:
    """Return a text with each token in it replaced by what `back` makes of it."""
    return text if len(text) < _SHORTEST else _WITHIN.sub(back, text)


def tokens_of(text: str) -> tuple[str, ...]:
    """Return every token in a text, as it was made."""
    return () if len(text) < _SHORTEST else tuple(found.lower() for found in _WITHIN.findall(text))
