"""Who may sign tokens, and what must hold of a token for it to count."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from jwt import PyJWK

ASYMMETRIC: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""RFC 7518 §3.1 and RFC 8037, less `none` and everything symmetric: who verifies must not be able to sign."""
MAX_LEEWAY: Final = 60
MAX_LIFETIME: Final = 86_400


class Keys(Protocol):
    """The keys of one issuer, as far as they are known at this moment; MUST NOT block."""

    def key(self, key_id: str, algorithm: str) -> PyJWK:
        """Return the key for exactly this pair.

        Raises:
            Unidentified: the issuer has no such key.
            Unavailable: no key set is at hand, or it is too old to be believed.
        """


@dataclass(frozen=True, slots=True)
class Issuer:
    """One token issuer as the installation trusts it.

    Raises:
        ValueError: a limit is out of bounds, or an algorithm is not an asymmetric one we know.
    """

    name: str
    """What `Client.jwt["issuer"]` calls it."""
    issuer: str
    """The exact `iss` of its tokens."""
    audience: str
    """What must stand in `aud`, exactly; ours, so that a token for another service does not open this one."""
    algorithms: frozenset[str]
    keys: Keys = field(repr=False, compare=False)
    """Its key set, shared by every snapshot of the configuration."""
    roles_claim: str = "groups"
    """A top-level claim, or else a path into nested ones written with dots."""
    role_map: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Value of `roles_claim` -> role; a value that is not listed gives nothing."""
    subject_claim: str = "sub"
    leeway: int = 30
    """Seconds by which clocks may differ; at most 60."""
    max_lifetime: int = 3600
    """Seconds between issue (or now, if the token does not say) and expiry; at most a day."""

    def __post_init__(self) -> None:
        unknown = sorted(frozenset(self.algorithms) - ASYMMETRIC)
        if unknown or not self.algorithms:
            allowed = ", ".join(sorted(ASYMMETRIC))
            msg = f"algorithms must be some of {allowed}; not {', '.join(unknown) or 'an empty list'}"
            raise ValueError(msg)
        if not self.issuer or not self.audience:
            msg = "issuer and audience must not be empty"
            raise ValueError(msg)
        if not 0 <= self.leeway <= MAX_LEEWAY:
            msg = f"leeway must be 0 to {MAX_LEEWAY} seconds"
            raise ValueError(msg)
        if not 0 < self.max_lifetime <= MAX_LIFETIME:
            msg = f"max_lifetime must be 1 to {MAX_LIFETIME} seconds"
            raise ValueError(msg)
