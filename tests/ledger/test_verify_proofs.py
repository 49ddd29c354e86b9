"""The single-file verifier's signatures, checkpoints and proofs: published vectors; nothing false accepted."""

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.crypto import NoteSigner
from proxy.ledger import Ledger, merkle
from proxy.ledger import verify as judge
from proxy.ledger.canonical import members_of
from proxy.ledger.segment import frame
from proxy.model import Noted

VECTORS = Path(__file__).parent / "vectors"
SIGNER = NoteSigner(bytes(range(32)), "lychgate.example/ledger")
KEYS = judge.parse_keys(SIGNER.verification_key)
NAME = "00000000000000000001.segment"


def check(folder, size):
    """Verify against the checkpoint that was signed when the ledger had so many entries."""
    return judge.verify(folder, checkpoint=size, pauses=())


def subtree_of(lines):
    """Subtrees over these lines, hashed again each time."""
    hashes = [merkle.leaf_hash(line) for line in lines]
    return lambda bits, index: merkle.fold(hashes[index << bits : (index + 1) << bits])


def note_of(lines):
    """The checkpoint over these lines."""
    root = base64.b64encode(merkle.root(subtree_of(lines), len(lines))).decode()
    return SIGNER.sign(f"{SIGNER.name}\n{len(lines)}\n{root}\n")


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """The lines of a ledger of 21 entries."""
    folder = tmp_path_factory.mktemp("proofs") / "ledger"
    ledger = Ledger.open(folder, now=lambda: 1000.0, segment_bytes=16384)
    notes = [members_of(Noted(f"n{number}", "", what="tested", detail="é")) for number in range(21)]
    ledger._tail.commit([note | {"time_ms": 5} for note in notes])
    ledger.close()
    return [line.encode() for _, _, line in judge.read_entries(folder)]


def forge(folder, lines):
    """A ledger of these lines, each in a frame with a right checksum, as a careful forger would write it."""
    folder.mkdir(exist_ok=True)
    (folder / NAME).write_bytes(b"".join(frame(line + b"\n") for line in lines) + bytes(64))
    return folder


def rechained(lines):
    """The same entries with sequence numbers and hashes made right again: no step before 7 finds fault."""
    done, prev = [], judge.FIRST_PREV
    for seq, line in enumerate(lines, 1):
        entry = json.loads(line) | {"seq": seq, "prev": prev}
        done.append(json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
        prev = judge.hashlib.sha256(done[-1]).hexdigest()
    return done


def test_the_vectors_of_rfc_8032():
    """Each is accepted, and not for another message."""
    for vector in json.loads((VECTORS / "ed25519.json").read_text()):
        key, message, signature = (bytes.fromhex(vector[part]) for part in ("key", "message", "signature"))
        assert judge.ed25519_verify(key, message, signature)
        assert not judge.ed25519_verify(key, message + b"\0", signature)


@settings(deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 96 * 8 - 1), st.booleans())
def test_signatures_are_judged_as_by_the_library(seed, message, bit, spoil):
    """With or without one flipped bit in key or signature, both say the same."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    both = bytearray(private.public_key().public_bytes_raw() + private.sign(message))
    if spoil:
        both[bit // 8] ^= 1 << bit % 8
    try:
        Ed25519PublicKey.from_public_bytes(bytes(both[:32])).verify(bytes(both[32:]), message)
        good = True
    except (InvalidSignature, ValueError):
        good = False
    assert judge.ed25519_verify(bytes(both[:32]), message, bytes(both[32:])) is good
    assert good is not spoil


def test_a_signature_is_not_accepted_twice_in_two_forms():
    """S plus the group's order is the same equation, and refused (RFC 8032, 5.1.7); so is a cut one."""
    private = Ed25519PrivateKey.from_private_bytes(bytes(32))
    key, signature = private.public_key().public_bytes_raw(), private.sign(b"x")
    order = 2**252 + 27742317777372353535851937790883648493
    other = signature[:32] + (int.from_bytes(signature[32:], "little") + order).to_bytes(32, "little")
    assert judge.ed25519_verify(key, b"x", signature)
    assert not judge.ed25519_verify(key, b"x", other)
    assert not judge.ed25519_verify(key, b"x", signature[:-1])
    assert not judge.ed25519_verify(key[:-1], b"x", signature)
    assert not judge.ed25519_verify(b"\xff" * 32, b"x", signature)


def test_the_published_note():
    """The example of the specification opens under the key that stands beside it, and under no other."""
    note, key = (VECTORS / "note.txt").read_bytes(), (VECTORS / "note.key").read_text()
    text, signers = judge.open_note(note, judge.parse_keys(key))
    assert text.startswith("If you think cryptography is the answer")
    assert signers == {"PeterNeumann"}
    with pytest.raises(judge.Unproved, match="no known key"):
        judge.open_note(note, KEYS)


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\nno dash here\n",
        "text\n\n\N{EM DASH} name AA==\n".encode(),
        SIGNER.sign("text\n")[:-1],
        b"\xff" + SIGNER.sign("text\n"),
        SIGNER.sign("text\n") + b"more\n",
        SIGNER.sign("text\n").replace(b"text", b"te\rt"),
    ],
)
def test_what_is_no_note_opens_to_nothing(note):
    """A missing or broken signature block, another encoding, a control character."""
    with pytest.raises(judge.Unproved):
        judge.open_note(note, KEYS)


def test_a_note_may_carry_further_signatures():
    """Witnesses and a new key may sign too; a wrong signature of a key we know spoils the note."""
    new = NoteSigner(bytes(32), SIGNER.name)
    note = SIGNER.sign("text\n") + new.signature("text\n").encode()
    for key in (SIGNER, new):
        assert judge.open_note(note, judge.parse_keys(key.verification_key))[0] == "text\n"
    with pytest.raises(judge.Unproved, match="wrong"):
        judge.open_note(SIGNER.sign("text\n") + SIGNER.signature("other\n").encode(), KEYS)


@pytest.mark.parametrize(
    "key", ["", "name", "name+00000000+AAAA", SIGNER.verification_key + "A", SIGNER.verification_key[1:]]
)
def test_what_is_no_key_is_refused(key):
    """A key whose id does not belong to it was mistyped or exchanged."""
    with pytest.raises(judge.Unproved):
        judge.parse_keys(key)


@pytest.mark.parametrize("rest", ["", "3\n", "03\nAAAA\n", "x\nAAAA\n", "3\nAAAA\n", "-1\n" + "A" * 43 + "=\n"])
def test_a_signed_text_need_not_be_a_checkpoint(rest):
    """A signature does not make a size and a root of anything."""
    with pytest.raises(judge.Unproved, match="checkpoint"):
        judge.open_checkpoint(SIGNER.sign(f"{SIGNER.name}\n{rest}"), KEYS)


def test_a_checkpoint_is_signed_by_whom_it_names(lines):
    """Another installation's key cannot speak for this one."""
    signed = judge.open_checkpoint(note_of(lines), KEYS)
    assert (signed.origin, signed.size) == (SIGNER.name, 21)
    other = NoteSigner(bytes(32), "other")
    text = note_of(lines).decode().partition("\n\n")[0] + "\n"
    with pytest.raises(judge.Unproved, match="names"):
        judge.open_checkpoint(other.sign(text), judge.parse_keys(other.verification_key))


def test_a_checkpoint_holds_for_the_ledger_and_its_continuation(lines, tmp_path):
    """It speaks of the first so many entries; what follows does not matter to it."""
    folder = forge(tmp_path / "ledger", lines)
    for size in range(len(lines) + 1):
        report = check(folder, judge.open_checkpoint(note_of(lines[:size]), KEYS))
        assert report.problem_count == 0


def test_a_tail_cut_after_the_checkpoint_was_signed_is_found(lines, tmp_path):
    """However much is cut, the checkpoint remembers more entries than there are."""
    signed = judge.open_checkpoint(note_of(lines), KEYS)
    for size in range(1, len(lines)):
        folder = forge(tmp_path / "ledger", lines[:size])
        assert check(folder, None).problem_count == 0
        report = check(folder, signed)
        assert report.problem_count == 1
        assert "a signed checkpoint speaks of 21 entries" in report.problems[0].what


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_rewritten_ledger_passes(lines, tmp_path_factory, data):
    """Entries dropped, exchanged, repeated or changed, and the chain made right again: the root finds it."""
    changed = list(lines)
    at, other = data.draw(st.integers(0, 20)), data.draw(st.integers(0, 20))
    how = data.draw(st.sampled_from(["drop", "swap", "repeat", "change"]))
    if how == "drop":
        changed[at:] = changed[at + 1 :]
        changed.append(changed[-1])
    elif how == "swap":
        changed[at], changed[other] = changed[other], changed[at]
    elif how == "repeat":
        changed[other:other] = [changed[at]]
    else:
        changed[at] = json.dumps(json.loads(changed[at]) | {"detail": "other"}).encode()
    changed = rechained(changed)
    if changed == lines:
        return
    folder = forge(tmp_path_factory.mktemp("forged"), changed)
    assert check(folder, None).problem_count == 0
    signed = judge.open_checkpoint(note_of(lines), KEYS)
    if changed[: len(lines)] == lines:
        assert check(folder, signed).problem_count == 0
    else:
        assert check(folder, signed).problem_count == 1


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_no_flipped_bit_passes(lines, tmp_path_factory, data):
    """Any bit of any entry."""
    folder = forge(tmp_path_factory.mktemp("flipped"), lines)
    written = bytearray((folder / NAME).read_bytes())
    bit = data.draw(st.integers(0, (len(written) - 64) * 8 - 1))
    written[bit // 8] ^= 1 << bit % 8
    (folder / NAME).write_bytes(written)
    assert check(folder, judge.open_checkpoint(note_of(lines), KEYS)).problem_count > 0


def inclusion(lines, *indices):
    """A proof file for these entries."""
    entries = [
        {
            "entry": lines[index].decode(),
            "hashes": [
                base64.b64encode(item).decode()
                for item in merkle.inclusion(subtree_of(lines), index, len(lines))
            ],
        }
        for index in indices
    ]
    return {"type": judge.INCLUSION, "entries": entries, "checkpoint": note_of(lines).decode()}


def test_an_inclusion_proof_needs_no_ledger(lines):
    """The entries are printed and counted."""
    said = judge.check_proof(json.dumps(inclusion(lines, 3, 20)), KEYS)
    assert json.loads(said[0])["seq"] == 4
    assert said[-1] == "ok: 2 entries are in the ledger of 21 entries that lychgate.example/ledger signed"


def test_a_proof_of_something_else_proves_nothing(lines):
    """Another entry, another hash, another type, no entry, another key, a missing member, no JSON."""
    good = inclusion(lines, 3)
    (item,) = good["entries"]
    bad = [
        good | {"entries": [item | {"entry": lines[4].decode()}]},
        good | {"entries": [item | {"entry": lines[3].decode() + " "}]},
        good | {"entries": [item | {"entry": "{}"}]},
        good | {"entries": [item | {"hashes": item["hashes"][:-1]}]},
        good | {"entries": [item | {"hashes": ["A" * 43 + "=", *item["hashes"][1:]]}]},
        good | {"entries": [item | {"hashes": ["AA==", *item["hashes"][1:]]}]},
        good | {"entries": []},
        good | {"entries": [item | {"entry": 5}]},
        good | {"type": "other"},
        good | {"checkpoint": note_of(lines[:-1]).decode()},
        {"type": judge.INCLUSION},
        [],
        None,
    ]
    for proof in bad:
        with pytest.raises(judge.Unproved):
            judge.check_proof(json.dumps(proof), KEYS)
    with pytest.raises(judge.Unproved):
        judge.check_proof("no JSON", KEYS)
    with pytest.raises(judge.Unproved, match="no known key"):
        judge.check_proof(json.dumps(good), judge.parse_keys(NoteSigner(bytes(32), "x").verification_key))


def test_it_runs_alone(lines, tmp_path):
    """Copied anywhere, by an interpreter without any package: ledger against checkpoint, and a proof file."""
    copy = tmp_path / "verify.py"
    shutil.copy(judge.__file__, copy)
    ledger = forge(tmp_path / "ledger", lines)
    (tmp_path / "key").write_text(SIGNER.verification_key + "\n")
    (tmp_path / "checkpoint").write_bytes(note_of(lines))
    (tmp_path / "proof.json").write_text(json.dumps(inclusion(lines, 3)))

    def run(*arguments):
        command = [sys.executable, "-I", "-S", str(copy), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)

    options = ["--checkpoint", "checkpoint", "--public-key", "key"]
    assert run(ledger, *options).returncode == 0
    assert run("proof", "proof.json", "--public-key", "key").returncode == 0
    forge(tmp_path / "ledger", lines[:-1])
    assert run(ledger).returncode == 0
    assert run(ledger, *options).returncode == 1
    (tmp_path / "proof.json").write_text(json.dumps(inclusion(lines[:-1], 3) | {"checkpoint": "x"}))
    assert run("proof", "proof.json", "--public-key", "key").returncode == 1
    assert run(ledger, "--checkpoint", "checkpoint").returncode == 1  # nobody's signature is good
    assert run("proof", "missing", "--public-key", "key").returncode == 2
