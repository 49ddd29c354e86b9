"""Read a JWK Set (RFC 7517 §5) into a table from (kid, algorithm) to the one key that may be used so."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from jwt import PyJWK, PyJWTError

from proxy.identity.strictjson import read_object

KeySet = Mapping[tuple[str, str], PyJWK]
"""(kid, algorithm) -> key. A pair that is not in it cannot be used: algorithms cannot be confused."""

KEYS_LIMIT: Final = 64
RSA_BITS: Final = 2048
_RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_CURVES: Final[Mapping[tuple[object, object], tuple[str, ...]]] = MappingProxyType(
    {
        ("EC", "P-256"): ("ES256",),
        ("EC", "P-384"): ("ES384",),
        ("EC", "P-521"): ("ES512",),
        ("OKP", "Ed25519"): ("EdDSA",),
    }
)


def read_key_set(data: bytes) -> KeySet:
    """Return the usable keys of a JWK Set: those for signatures, public, asymmetric, strong and with a `kid`.

    Args:
        data: JSON, from the issuer.

    Raises:
        ValueError: it is no JWK Set, no key in it is usable, two keys share a `kid`, or there are too many.
    """
    keys = read_object(data).get("keys")
    if not isinstance(keys, list) or len(keys) > KEYS_LIMIT:
        raise ValueError("not a JWK Set of at most 64 keys")
    found: dict[tuple[str, str], PyJWK] = {}
    seen: set[str] = set()
    for jwk in keys:
        if not isinstance(jwk, dict) or not _is_for_signatures(jwk):
            continue
        key_id = jwk["kid"]
        if key_id in seen:
            raise ValueError("two keys share a kid")
        seen.add(key_id)
        found.update(_usable(key_id, jwk))
    if not found:
        raise ValueError("no usable key")
    return MappingProxyType(found)


def _usable(key_id: str, jwk: dict[str, object]) -> Iterator[tuple[tuple[str, str], PyJWK]]:
    for algorithm in _algorithms(jwk):
        try:
            yield (key_id, algorithm), PyJWK(jwk, algorithm)
        except (PyJWTError, ValueError, TypeError):
            return


def _algorithms(jwk: dict[str, object]) -> tuple[str, ...]:
    """Return what this key may be used for: what its type and curve allow, narrowed by its own `alg`."""
    if jwk.get("kty") == "RSA":
        possible: tuple[str, ...] = _RSA if _rsa_bits(jwk) >= RSA_BITS else ()
    else:
        possible = _CURVES.get((jwk.get("kty"), jwk.get("crv")), ())
    return tuple(name for name in possible if jwk.get("alg", name) == name)


def _rsa_bits(jwk: dict[str, object]) -> int:
    modulus = jwk.get("n")
    if not isinstance(modulus, str):
        return 0
    try:
        return int.from_bytes(urlsafe_b64decode(modulus + "=" * (-len(modulus) % 4))).bit_length()
    except ValueError:
        return 0


def _is_for_signatures(jwk: dict[str, object]) -> bool:
    """Return whether this may be looked at; a key with its private half in a public place is burnt."""
    operations = jwk.get("key_ops", ["verify"])
    return (
        isinstance(jwk.get("kid"), str)
        and jwk.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and "d" not in jwk
    )
