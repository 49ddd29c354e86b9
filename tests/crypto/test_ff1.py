"""FF1 gives what NIST's own samples have, there and back, for any text, and refuses what is too short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.crypto.ff1 import Ff1

KEY = "2B7E151628AED2A6ABF7158809CF4F3CEF4359D8D580AA4F7F036D6F04FC6A94"
SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz"
TWEAKS = ("", "39383736353433323130", "3737373770717273373737")
# NIST, Cryptographic Standards and Guidelines, examples with intermediate values, FF1samples.pdf: 1 to 9,
# three for each length of key.
SAMPLES = [
    (16, 10, TWEAKS[0], "0123456789", "2433477484"),
    (16, 10, TWEAKS[1], "0123456789", "6124200773"),
    (16, 36, TWEAKS[2], "0123456789abcdefghi", "a9tv40mll9kdu509eum"),
    (24, 10, TWEAKS[0], "0123456789", "2830668132"),
    (24, 10, TWEAKS[1], "0123456789", "2496655549"),
    (24, 36, TWEAKS[2], "0123456789abcdefghi", "xbj3kv35jrawxv32ysr"),
    (32, 10, TWEAKS[0], "0123456789", "6657667009"),
    (32, 10, TWEAKS[1], "0123456789", "1001623463"),
    (32, 36, TWEAKS[2], "0123456789abcdefghi", "xs8a0azh2avyalyzuwd"),
]


@pytest.mark.parametrize(("size", "radix", "tweak", "clear", "sealed"), SAMPLES)
def test_it_gives_what_the_samples_of_nist_have(
    size: int, radix: int, tweak: str, clear: str, sealed: str
) -> None:
    """And takes it back."""
    cipher = Ff1(bytes.fromhex(KEY)[:size], radix)
    numerals = [SIGNS.index(sign) for sign in clear]
    found = cipher.encrypt(numerals, bytes.fromhex(tweak))
    assert "".join(SIGNS[each] for each in found) == sealed
    assert cipher.decrypt(found, bytes.fromhex(tweak)) == numerals


@given(st.integers(2, 64), st.binary(max_size=40), st.data())
def test_every_text_comes_back(radix: int, tweak: bytes, data: st.DataObject) -> None:
    """Of any length from a million texts on; with another tweak it is another text."""
    least = next(size for size in range(1, 30) if radix**size >= 1_000_000)
    numerals = data.draw(st.lists(st.integers(0, radix - 1), min_size=least, max_size=60))
    cipher = Ff1(bytes(32), radix)
    found = cipher.encrypt(numerals, tweak)
    assert len(found) == len(numerals)
    assert cipher.decrypt(found, tweak) == numerals


def test_all_texts_of_a_length_are_taken_once() -> None:
    """It is a permutation: here of some thousand neighbours."""
    cipher = Ff1(bytes(16), 10)
    texts = [[int(sign) for sign in f"{number:06}"] for number in range(2_000)]
    assert len({tuple(cipher.encrypt(each)) for each in texts}) == 2_000


@pytest.mark.parametrize(("radix", "size"), [(10, 5), (2, 19), (36, 3)])
def test_too_few_texts_are_refused(radix: int, size: int) -> None:
    """Fewer than a million could all be tried."""
    for work in (Ff1(bytes(16), radix).encrypt, Ff1(bytes(16), radix).decrypt):
        with pytest.raises(ValueError, match="too few"):
            work([0] * size)
        work([0] * (size + 1))


def test_what_is_no_numeral_and_no_radix_is_refused() -> None:
    """Instead of being taken for another."""
    with pytest.raises(ValueError, match="below the radix"):
        Ff1(bytes(16), 10).encrypt([10] * 8)
    for radix in (0, 1, 65_537):
        with pytest.raises(ValueError, match="a radix"):
            Ff1(bytes(16), radix)
    with pytest.raises(ValueError, match="key"):
        Ff1(bytes(15), 10)
