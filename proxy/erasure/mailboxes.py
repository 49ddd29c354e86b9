"""E-mail addresses: which are of one mailbox, and how one that came with other things around it reads."""

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

import idna

_NAMED: Final = re.compile(r"<([^<>\s]+@[^<>\s@]+)>\s*$")
"""Address behind the name of whoever has it."""
_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\"',;:\\/|]+@[^\s<>()\[\]\"',;:\\/|@]+")
"""An address among whatever else people write into a field for one."""
_VARIANTS: Final = frozenset(map(chr, range(0xFE00, 0xFE10)))
_GOOGLE: Final = frozenset({"gmail.com", "googlemail.com"})
"""Dots in front of these say nothing, and both are one."""
_SHARED: Final = frozenset({
    "abuse", "accounts", "admin", "billing", "buero", "careers", "contact", "contacto", "enquiries",
    "hello", "help", "helpdesk", "hostmaster", "hr", "info", "jobs", "kontakt", "legal", "mail",
    "marketing", "noc", "office", "post", "postmaster", "press", "privacy", "reception", "sales",
    "security", "service", "support", "team", "vertrieb", "webmaster",
})  # fmt: skip
"""What mailboxes of several people are called (RFC 2142, and habit): behind a plus sign is which of them."""
_LONGEST: Final = 253
"""Signs of a domain."""


def bare(value: str) -> str:
    """Return an address without what mail programs put around it, and without signs that nobody sees."""
    plain = _visible(value).strip()
    if plain[:7].casefold() == "mailto:":
        plain = unquote(plain[7:].partition("?")[0])
    if named := _NAMED.search(plain):
        plain = named[1]
    return plain.strip().rstrip(".")


def _visible(value: str) -> str:
    folded = unicodedata.normalize("NFKC", value)
    return "".join(
        each for each in folded if unicodedata.category(each) != "Cf" and not "\ufe00" <= each <= "\ufe0f"
    )


def each_of(value: str) -> list[str]:
    """Return the addresses in a value: itself, or those that stand there with anything around them."""
    found = [each.strip(".\u3002") for each in _ADDRESS.findall(unquote(html.unescape(_visible(value))))]
    return list(dict.fromkeys([value, *found]))


def apart(value: str) -> tuple[str, str] | None:
    """Return what stands before and behind the `@` of an address, in small letters; None if it is none."""
    local, _, domain = bare(value).casefold().rpartition("@")
    return (local, domain) if local and domain else None


def domains(domain: str) -> tuple[str, ...]:
    """Return how a domain is written: in letters of any script, and as the name service has it."""
    found = [domain]
    if len(domain) <= _LONGEST and (not domain.isascii() or "xn--" in domain):
        try:
            ascii_ = idna.encode(domain, uts46=True).decode()
            found += [ascii_, idna.decode(ascii_)]
        except (idna.IDNAError, UnicodeError):  # no name service has it
            pass
    return tuple(dict.fromkeys(found))


def owner(local: str) -> str:
    """Return what stands before the `@` without what its owner puts behind a plus sign."""
    own = local.partition("+")[0]
    return local if not own or is_shared(own) else own


def is_shared(local: str) -> bool:
    """Say whether a mailbox is of several people, by what it is called."""
    return local in _SHARED


def mailbox(local: str, domain: str) -> tuple[str, str]:
    """Return the address without what its owner puts behind a plus sign, and as its host has it."""
    own = owner(local)
    if domain in _GOOGLE:
        return own.replace(".", "") or own, "gmail.com"
    return own, domain


def alike(value: str) -> Iterator[str]:
    """Yield the addresses by which the mailbox of one is known, itself among them."""
    parts = apart(value)
    if parts is None:
        return
    local, domain = parts
    for each in domains(domain):
        yield f"{local}@{each}"
        yield "@".join(mailbox(local, each))
