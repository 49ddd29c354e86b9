"""The tree out of remembered subtrees is the tree of RFC 6962, and so are its proofs."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.ledger import merkle
from proxy.ledger import verify as judge
from proxy.ledger.tiles import Tiles

VECTORS = Path(__file__).parent / "vectors"
LEAVES = [str(number).encode() for number in range(2000)]
SIZES = st.one_of(st.integers(1, 40), st.integers(250, 520), st.integers(1, 2000))


def split(count):
    """The largest power of two below a number of leaves."""
    return max(2**bits for bits in range(20) if 2**bits < count)


def mth(lines):
    """MTH of RFC 6962, 2.1, word for word."""
    if not lines:
        return hashlib.sha256(b"").digest()
    if len(lines) == 1:
        return hashlib.sha256(b"\0" + lines[0]).digest()
    k = split(len(lines))
    return hashlib.sha256(b"\1" + mth(lines[:k]) + mth(lines[k:])).digest()


def path(m, lines):
    """PATH of RFC 6962, 2.1.1."""
    if len(lines) == 1:
        return []
    k = split(len(lines))
    if m < k:
        return [*path(m, lines[:k]), mth(lines[k:])]
    return [*path(m - k, lines[k:]), mth(lines[:k])]


def subproof(m, lines, whole):
    """SUBPROOF of RFC 6962, 2.1.2."""
    if m == len(lines):
        return [] if whole else [mth(lines)]
    k = split(len(lines))
    if m <= k:
        return [*subproof(m, lines[:k], whole), mth(lines[k:])]
    return [*subproof(m - k, lines[k:], False), mth(lines[:k])]


@pytest.fixture(scope="module")
def tiles(tmp_path_factory):
    """All the leaves, remembered in uneven portions."""
    tiles = Tiles(tmp_path_factory.mktemp("tiles"))
    at = 0
    for count in [1, 255, 1, 0, 700, 43, 1000]:
        tiles.append([merkle.leaf_hash(line) for line in LEAVES[at : at + count]])
        at += count
    assert tiles.size() == at == len(LEAVES)
    return tiles


def remembered(leaves):
    """A `subtree` that hashes every leaf again."""
    return lambda bits, index: mth(leaves[index << bits : (index + 1) << bits])


def test_the_published_roots():
    """The eight reference trees of Certificate Transparency, and the empty one."""
    vectors = json.loads((VECTORS / "tree.json").read_text())
    leaves = [bytes.fromhex(leaf) for leaf in vectors["leaves"]]
    roots = judge.Roots()
    for size, expected in enumerate(vectors["roots"]):
        assert merkle.root(remembered(leaves), size).hex() == expected
        assert roots.root().hex() == expected
        if size < len(leaves):
            roots.add(judge.leaf_hash(leaves[size]))


@settings(deadline=None)
@given(SIZES)
def test_roots_are_those_of_the_definition(tiles, size):
    """Also across the edges of tiles."""
    assert merkle.root(tiles.subtree, size) == mth(LEAVES[:size])


@settings(deadline=None)
@given(SIZES, st.data())
def test_inclusion_proofs_are_those_of_the_definition(tiles, size, data):
    """And the verifier accepts each of them, for its own leaf and place only."""
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion(tiles.subtree, index, size)
    assert proof == path(index, LEAVES[:size])
    root = mth(LEAVES[:size])
    assert judge.root_by_inclusion(judge.leaf_hash(LEAVES[index]), index, size, proof) == root
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        assert judge.root_by_inclusion(judge.leaf_hash(LEAVES[other]), index, size, proof) != root
    for wrong in (proof[:-1], [*proof, root]):
        if wrong != proof:
            with pytest.raises(judge.Unproved):
                judge.root_by_inclusion(judge.leaf_hash(LEAVES[index]), index, size, wrong)


@settings(deadline=None)
@given(SIZES, st.data())
def test_consistency_proofs_are_those_of_the_definition(tiles, new, data):
    """And the verifier accepts each of them, and none in which a hash is another."""
    old = data.draw(st.integers(1, new))
    proof = merkle.consistency(tiles.subtree, old, new)
    assert proof == subproof(old, LEAVES[:new], True)
    first = judge.Checkpoint("", old, mth(LEAVES[:old]))
    second = judge.Checkpoint("", new, mth(LEAVES[:new]))
    judge.check_consistency(first, second, proof)
    spoiled = [[*proof, bytes(32)], [bytes(32), *proof]]
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        spoiled += [proof[:-1], [*proof[:at], bytes(32), *proof[at + 1 :]]]
    for wrong in spoiled:
        with pytest.raises(judge.Unproved):
            judge.check_consistency(first, second, wrong)
    rewritten = judge.Checkpoint("", old, mth([b"other", *LEAVES[1:old]]))
    with pytest.raises(judge.Unproved):
        judge.check_consistency(rewritten, second, proof)


def test_what_is_not_there_has_no_proof(tiles):
    """A leaf outside the tree, an older tree that is larger."""
    with pytest.raises(ValueError, match="outside"):
        merkle.inclusion(tiles.subtree, 5, 5)
    with pytest.raises(ValueError, match="larger"):
        merkle.consistency(tiles.subtree, 6, 5)
    with pytest.raises(ValueError, match="incomplete"):
        merkle.root(tiles.subtree, 2001)
    with pytest.raises(judge.Unproved, match="rolled back"):
        judge.check_consistency(judge.Checkpoint("", 6, b""), judge.Checkpoint("", 5, b""), [])


@pytest.mark.parametrize("cut", [0, 1, 255, 256, 257, 1999, 2000])
def test_what_is_cut_can_be_remembered_again(tmp_path, cut):
    """Cutting to a size leaves the tree of that size, and it grows again to the same tree."""
    tiles = Tiles(tmp_path)
    hashes = [merkle.leaf_hash(line) for line in LEAVES]
    tiles.append(hashes)
    assert tiles.cut(cut)
    assert tiles.size() == cut
    tiles.append(hashes[cut:])
    tiles.sync()
    assert merkle.root(tiles.subtree, 2000) == mth(LEAVES)


def test_too_little_is_nothing(tmp_path):
    """A file that lost its end in a crash makes all of it worthless, and it starts anew."""
    tiles = Tiles(tmp_path)
    hashes = [merkle.leaf_hash(line) for line in LEAVES]
    tiles.append(hashes)
    (tmp_path / "tree-1").write_bytes(b"")
    assert tiles.size() == 0
    assert not tiles.cut(2000)
    tiles.append(hashes)
    assert merkle.root(tiles.subtree, 2000) == mth(LEAVES)
