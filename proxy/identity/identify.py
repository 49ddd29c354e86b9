"""From a request to who asks and what for, and to the request without a trace of either.

1  overrides    a header that changes the method is refused: policy judged the request line's
2  credential   exactly one (`credentials`)
3  client       the credential proves a registered client (`registry`, `verify`)
4  roles        the client's; of a token, what its claims give of them
5  frozen       asked on every call, whatever was verified before
6  purpose      `purposes`
7  strip        every credential, our own and every trusted-looking header (`headers`)
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Literal

from jwt import PyJWK

from proxy.errors import Problem, Problems, Refused, Unidentified
from proxy.identity.credentials import ApiKey, BearerToken, Certificate, only_credential
from proxy.identity.headers import refuse_overrides, strip
from proxy.identity.issuer import Issuer
from proxy.identity.purposes import purpose_of
from proxy.identity.recent import Recent
from proxy.identity.registry import Registry
from proxy.identity.roles import roles_from
from proxy.identity.unverified import parse
from proxy.identity.verify import check_id, verify
from proxy.message import Request
from proxy.model import Client, Principal, Purpose


@dataclass(frozen=True, slots=True)
class Identified:
    """Who asks, what for, and the request as the rest of Lychgate may see it."""

    principal: Principal
    purpose: Purpose
    request: Request
    """Without credentials, without our own headers, and without any that a front proxy would vouch for."""


@dataclass(frozen=True, slots=True)
class _Proof:
    """A token verified a moment ago; holds only while its issuer still lists the key that signed it."""

    principal: Principal
    client: Client
    issuer: Issuer
    key_id: str
    algorithm: str
    key: PyJWK


class Identifier:
    """Identifies callers from one snapshot of the registered clients; a reload makes a new one.

    Args:
        clients: the vocabulary's, by name.
        issuers: trusted token issuers, by the name that `Client.jwt` uses.
        now: seconds since epoch.
        frozen: ids of principals, and names of clients, that are stopped at once.

    Raises:
        Problems: see `Registry`; or two issuers sign as the same `iss`.
    """

    def __init__(
        self,
        clients: Mapping[str, Client],
        issuers: Mapping[str, Issuer],
        now: Callable[[], float],
        *,
        frozen: Container[str] = frozenset(),
    ) -> None:
        _refuse_shared_names(issuers)
        self._registry = Registry(clients, issuers)
        self._by_key = {each.name: _as_itself(each, "api_key") for each in clients.values()}
        self._by_name = {each.name: _as_itself(each, "mtls") for each in clients.values()}
        self._issuers = {issuer.issuer: (name, issuer) for name, issuer in issuers.items()}
        self._now = now
        self._frozen = frozen
        self._purposes = frozenset().union(*(client.purposes for client in clients.values()))
        self._recent: Recent[_Proof] = Recent()

    def identify(self, request: Request, *, passthrough: bool = False) -> Identified:
        """Return who asks and what for; does not block and does no I/O.

        Args:
            request: from the data plane.
            passthrough: `Authorization` holds the CRM's credential, is left in, and is not one of ours.

        Raises:
            Unidentified: no credential, more than one, or one that proves nothing.
            Undecodable: a method override, or a purpose that is no name.
            Gap: no purpose is in force.
            Refused: the principal is frozen, or its token gives it no role.
            Unavailable: its issuer's keys are not at hand.
        """
        refuse_overrides(request.headers)  # 1
        credential = only_credential(request, passthrough=passthrough)  # 2
        match credential:  # 3, 4
            case ApiKey(text):
                client = self._registry.by_key(text)
                principal = self._by_key[client.name]
            case Certificate(sans):
                client = self._registry.by_sans(sans)
                principal = self._by_name[client.name]
            case BearerToken(text):
                client, principal = self._by_token(text)
        self.refuse_frozen(principal)  # 5
        purpose = purpose_of(client, request.headers, self._purposes)  # 6
        headers = strip(request.headers, keep_authorization=passthrough)  # 7
        told = request.method, request.path, request.query, headers, request.body, request.peer, request.host
        return Identified(principal, purpose, Request(*told))

    def refuse_frozen(self, principal: Principal) -> None:
        """Return if nobody has stopped this principal by now.

        Raises:
            Refused: somebody has.
        """
        if principal.id in self._frozen or principal.client in self._frozen:
            raise Refused("principal_frozen", principal.client)

    def _by_token(self, text: str) -> tuple[Client, Principal]:
        now = self._now()
        proof = self._recent.get(text, now)
        if proof is None or not self._still_signed(proof):
            self._recent.forget(text)
            proof = self._prove(text, now)
        return proof.client, proof.principal

    def _still_signed(self, proof: _Proof) -> bool:
        return proof.issuer.keys.key(proof.key_id, proof.algorithm) is proof.key

    def _prove(self, text: str, now: float) -> _Proof:
        token = parse(text)
        claimed = token.claims.get("iss")
        if not isinstance(claimed, str) or claimed not in self._issuers:
            raise Unidentified("unknown_issuer")
        name, issuer = self._issuers[claimed]
        verified = verify(token, issuer, now)
        client = self._registry.by_claims(name, verified.claims)
        roles = roles_from(verified.claims, issuer) & client.roles
        if not roles:
            raise Refused("no_role", client.name)
        principal = Principal(
            id=check_id(f"{client.name}/{verified.subject}"),
            client=client.name,
            roles=roles,
            recipient=client.recipient,
            kind=client.kind,
            via="jwt",
        )
        proof = _Proof(principal, client, issuer, token.key_id, token.algorithm, verified.key)
        self._recent.put(text, proof, now=now, expires=verified.expires)
        return proof


def _as_itself(client: Client, via: Literal["api_key", "mtls"]) -> Principal:
    """Return the principal of a client that authenticates as a whole."""
    return Principal(
        id=client.name,
        client=client.name,
        roles=client.roles,
        recipient=client.recipient,
        kind=client.kind,
        via=via,
    )


def _refuse_shared_names(issuers: Mapping[str, Issuer]) -> None:
    problems: list[Problem] = []
    first: dict[str, str] = {}
    for name, issuer in issuers.items():
        other = first.setdefault(issuer.issuer, name)
        if other != name:
            text = f"issuers {other} and {name} sign as the same `issuer`; a token could be either's"
            problems.append(Problem("issuers", 0, 0, "LG406", text))
    if problems:
        raise Problems(problems)
