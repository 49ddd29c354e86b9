"""Which client a proven credential belongs to: three tables, built once, in which nothing is ambiguous."""

import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Final

from proxy.errors import Problem, Problems, Unidentified
from proxy.identity.apikeys import digest
from proxy.identity.issuer import Issuer
from proxy.model import Client

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_JWT_PARTS: Final = frozenset({"issuer", "claim", "value"})
_FILE: Final = "vocabulary"


class Registry:
    """Every registered client, by key digest, by certificate name and by token claim.

    Raises:
        Problems: one credential would mean two clients, a digest is no SHA-256, a client names an issuer that
            is not configured, or its name could be mistaken for another principal's id; all at once.
    """

    def __init__(self, clients: Mapping[str, Client], issuers: Mapping[str, Issuer]) -> None:
        self._by_digest: dict[str, tuple[str, Client]] = {}
        self._by_san: dict[str, Client] = {}
        self._by_claim: dict[str, dict[tuple[str, str], Client]] = {}
        problems = [
            Problem(_FILE, 0, 0, code, text) for code, text in self._register(clients, frozenset(issuers))
        ]
        if problems:
            raise Problems(problems)

    def by_key(self, key: str) -> Client:
        """Return the client whose API key this is; raises Unidentified.

        The look-up leaks, at most, timing about a digest that the caller cannot steer; the comparison of the
        whole digest takes the same time wherever it differs.
        """
        shown = digest(key)
        kept, client = self._by_digest.get(shown, ("", None))
        if client is None or not hmac.compare_digest(kept, shown):
            raise Unidentified("unknown_key")
        return client

    def by_sans(self, sans: tuple[str, ...]) -> Client:
        """Return the one client that these verified certificate names belong to; raises Unidentified."""
        return _only([self._by_san[san] for san in sans if san in self._by_san])

    def by_claims(self, issuer: str, claims: Mapping[str, object]) -> Client:
        """Return the one client whose mark these verified claims of `issuer` carry; raises Unidentified."""
        marks = self._by_claim.get(issuer, {})
        return _only([client for (claim, value), client in marks.items() if claims.get(claim) == value])

    def _register(self, clients: Mapping[str, Client], issuers: frozenset[str]) -> Iterator[tuple[str, str]]:
        """Fill the tables and yield (code, message) for everything that stands in the way."""
        for client in clients.values():
            if "/" in client.name:
                yield (
                    "LG401",
                    f"client {client.name}: a name must not contain `/`, which ends it in a principal's id",
                )
            yield from self._register_keys(client)
            for san in sorted(client.sans):
                other = self._by_san.setdefault(san, client)
                if other.name != client.name:
                    yield (
                        "LG403",
                        f"clients {other.name} and {client.name} list the same certificate name; keep one",
                    )
            if client.jwt:
                yield from self._register_mark(client, issuers)

    def _register_keys(self, client: Client) -> Iterator[tuple[str, str]]:
        for kept in sorted(client.key_digests):
            if not _DIGEST.fullmatch(kept):
                yield (
                    "LG402",
                    f"client {client.name}: a key digest is 64 lower-case hex digits, see `client key`",
                )
            other = self._by_digest.setdefault(kept, (kept, client))[1]
            if other.name != client.name:
                yield (
                    "LG403",
                    f"clients {other.name} and {client.name} list the same API key; make one of them new",
                )

    def _register_mark(self, client: Client, issuers: frozenset[str]) -> Iterator[tuple[str, str]]:
        if client.jwt.keys() != _JWT_PARTS:
            yield "LG404", f"client {client.name}: jwt needs exactly `issuer`, `claim` and `value`"
            return
        issuer = client.jwt["issuer"]
        if issuer not in issuers:
            known = ", ".join(sorted(issuers)) or "none"
            yield (
                "LG405",
                f"client {client.name}: no issuer is configured as `{issuer}` (configured: {known})",
            )
        mark = (client.jwt["claim"], client.jwt["value"])
        other = self._by_claim.setdefault(issuer, {}).setdefault(mark, client)
        if other.name != client.name:
            yield (
                "LG403",
                f"clients {other.name} and {client.name} are marked by the same claim of `{issuer}`",
            )


def _only(found: list[Client]) -> Client:
    names = {client.name for client in found}
    if not names:
        raise Unidentified("unknown_client")
    if len(names) > 1:
        raise Unidentified("ambiguous_client")
    return found[0]
