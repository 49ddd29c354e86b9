"""Which keys of a set may be used, and for what."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from proxy.identity.keyset import KEYS_LIMIT, read_key_set


def as_set(*keys):
    """Return the text of a key set."""
    return json.dumps({"keys": list(keys)}).encode()


def test_each_key_has_the_algorithms_of_its_kind(idp):
    """RSA serves its six algorithms, a curve its one."""
    assert set(read_key_set(idp.jwks())) == {
        *(("rsa", name) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
        ("ec", "ES256"),
        ("ed", "EdDSA"),
    }


def test_alg_narrows(idp):
    """A key that names its algorithm serves that one only."""
    assert set(read_key_set(as_set(idp.jwk("rsa") | {"alg": "PS512"}))) == {("rsa", "PS512")}


@pytest.mark.parametrize(
    "changes",
    [
        {"use": "enc"},
        {"use": ["sig"]},
        {"key_ops": ["encrypt"]},
        {"key_ops": "verify"},
        {"kid": None},
        {"kid": 7},
        {"alg": "ES256"},  # not what an RSA key can do
        {"alg": "HS256"},  # the confusion attack, written into the set
        {"alg": "RSA-OAEP"},
        {"d": "AQAB"},  # a private key that was published
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": "EC"},
        {"n": "AQAB"},  # 17 bits
        {"n": 7},
        {"n": "é"},
        {"n": "A"},  # no length base64 has
        {"e": "!"},
    ],
)
def test_key_that_may_not_be_used(idp, changes):
    """A key that is not a strong, public signature key with a name is passed over; the others are not."""
    bad = idp.jwk("rsa") | changes
    assert set(read_key_set(as_set(bad, idp.jwk("ec")))) == {("ec", "ES256")}
    with pytest.raises(ValueError, match="no usable key"):
        read_key_set(as_set(bad))


def test_weak_and_odd_keys():
    """RSA of 1024 bits, secp256k1 and Ed448 are not used."""
    weak = rsa.generate_private_key(65537, 1024).public_key()
    odd = ec.generate_private_key(ec.SECP256K1()).public_key()
    curve = ed448.Ed448PrivateKey.generate().public_key()
    found = [
        json.loads(algorithm.to_jwk(key)) | {"kid": "x", "use": "sig", "key_ops": ["verify"]}
        for algorithm, key in ((RSAAlgorithm, weak), (ECAlgorithm, odd), (OKPAlgorithm, curve))
    ]
    for jwk in found:
        with pytest.raises(ValueError, match="no usable key"):
            read_key_set(as_set(jwk))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [], "keys": []}',
        b'{"keys": ["x", 7, null]}',
        b'{"keys": [' + b"1," * KEYS_LIMIT + b"1]}",
        b"\xff",
        b'{"keys": NaN}',
    ],
)
def test_no_key_set(data):
    """What is no strict JWK Set of a sane size is refused as a whole."""
    with pytest.raises(ValueError, match=r"JWK Set|usable|strict"):
        read_key_set(data)


def test_two_keys_of_one_name(idp):
    """A set in which two signature keys share a kid is refused: order would choose between them."""
    with pytest.raises(ValueError, match="share a kid"):
        read_key_set(as_set(idp.jwk("rsa"), idp.jwk("ec") | {"kid": "rsa"}))
