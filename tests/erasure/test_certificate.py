"""The certificate: one text for one case, no name and no value, and any change is found."""

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.crypto import NoteSigner
from proxy.erasure import Assent, Case, Done, Exempt, Finding, Hold, Kept, Known, Notice, Plan, Spot, State, Step
from proxy.erasure.certificate import digest_of, page, statement, text_of
from proxy.erasure.plan import IRREVERSIBLE
from proxy.ledger.verify import CERTIFICATE, INCLUSION, Unproved, check_certificate, leaf_hash, parse_keys

STEP = Step("delete", "hubspot", "contacts", "101", print="p")
PLAN = Plan(
    "case0001", "salt", (STEP,), (Kept("hubspot", "deals", "7", (), "tax of Mara Quinn", "hold-1"),),
    (Known("email", "mara@example.org"), Known("name", "Mara Quinn")),
    (Spot("hubspot", "contacts", "101"),), (),
    (*IRREVERSIBLE, "hubspot: backups, for up to 30 days."),
)  # fmt: skip
CASE = Case(
    "case0001", State.LIVE_COMPLETE, 1_767_225_600, "gdpr", "objection", "operator", identity="document",
    plan=PLAN, assents=(Assent("a1b2", "jwt", 1_767_225_700, PLAN.hash),),
    journal={STEP.key: Done("done", 1, 1_767_225_800)},
    holds=(Hold("hold-1", "tax of Mara Quinn", "finance", 0),), erased=1_767_225_800,
    findings=(Finding("hubspot", "contacts", "erased", "id", 1),), notices=(Notice("helpdesk_app", 2, 0),),
)  # fmt: skip
SIGNER = NoteSigner(bytes(32), "lychgate.dev/ledger/test")
KEYS = parse_keys(SIGNER.verification_key)


def said(case: Case = CASE, edition: str = "live-complete") -> dict:
    """Return what a certificate says."""
    return statement(case, edition, installation=SIGNER.name, software="lychgate 0", key=bytes(32))


def signed(case: Case = CASE, edition: str = "live-complete", entry: dict | None = None) -> str:
    """Return a whole file, with a ledger of this one entry."""
    text = text_of(said(case, edition))
    members = {
        "v": 1, "seq": 1, "time_ms": 1, "prev": "0" * 64, "kind": "erasure", "id": case.id, "lane": "",
        "what": "certified", "how": edition, "step": "", "who": "", "digest": digest_of(text), "attempt": 0,
    }  # fmt: skip
    line = json.dumps(members | (entry or {}), sort_keys=True, separators=(",", ":"))
    root = base64.b64encode(leaf_hash(line.encode())).decode()
    proof = {
        "type": INCLUSION,
        "entries": [{"entry": line, "hashes": []}],
        "checkpoint": SIGNER.sign(f"{SIGNER.name}\n1\n{root}\n").decode(),
    }
    return json.dumps({"type": CERTIFICATE, "certificate": SIGNER.sign(f"{text}\n").decode(), "proof": proof})


def test_it_is_what_it_says() -> None:
    """A verifier that shares no code with us reads it."""
    told, lines = check_certificate(signed(), KEYS)
    assert told["case"] == "case0001"
    assert told["remains"] == ["hubspot: backups, for up to 30 days."]
    assert lines[-1] == f"ok: {SIGNER.name} signed this, and entry 1 of its ledger says so"
    head = lines[lines.index("done:") + 1]
    assert {"lane", "object", "method", "outcome"} <= set(head.split())
    assert all(line.isprintable() for line in lines)


def test_what_became_of_the_case_is_told_with_it() -> None:
    """Beside what is signed, and not as if it were."""
    file = json.loads(signed()) | {"superseded": "By now it is partial.\x1b[2J"}
    _, lines = check_certificate(json.dumps(file), KEYS)
    assert lines[0] == 'beside it, not signed: "By now it is partial.\\u001b[2J"'
    assert check_certificate(signed(), KEYS)[1] == lines[1:]


def test_what_a_terminal_would_obey_is_escaped() -> None:
    """A signed certificate of somebody else's installation is no friend of the auditor's terminal."""
    seen = Finding("hubspot", "\x1b[2Jcontacts", "erased", "id", 1)
    odd = msgspec.structs.replace(CASE, findings=(seen,))
    _, lines = check_certificate(signed(odd), KEYS)
    assert any("\\u001b[2Jcontacts" in line for line in lines)
    assert all(line.isprintable() for line in lines)


def test_the_same_case_has_the_same_certificate() -> None:
    """Deterministic, so that a restart makes no second one."""
    assert signed() == signed()


def test_it_holds_no_name_and_no_value() -> None:
    """Neither from the CRM nor from what people typed about a hold."""
    for text in (signed(), page(said())):
        for secret in ("mara", "Mara", "Quinn", "101", "salt"):
            assert secret not in text.replace("sha256:", ""), secret


def test_what_is_on_the_page_is_escaped() -> None:
    """A connector's or policy's words are words, whatever they look like."""
    assert "<script>" not in page({**said(), "remains": ["<script>alert(1)</script>"]})


@pytest.mark.parametrize(
    "entry", [{"digest": "sha256:" + "0" * 64}, {"id": "case0002"}, {"how": "final"}, {"what": "intent"}]
)
def test_an_entry_about_something_else_proves_nothing(entry: dict) -> None:
    """A certificate cannot borrow another's place in the ledger."""
    with pytest.raises(Unproved, match="not this certificate's"):
        check_certificate(signed(entry=entry), KEYS)


def test_a_stranger_signs_nothing() -> None:
    """Another key of the same name, or another installation's."""
    other = parse_keys(NoteSigner(bytes(31) + b"1", SIGNER.name).verification_key)
    with pytest.raises(Unproved):
        check_certificate(signed(), other)


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=7))
def test_any_bit_that_flips_is_found(at: int, bit: int) -> None:
    """Wherever in the certificate's text or signature it is."""
    file = json.loads(signed())
    note = bytearray(file["certificate"].encode())
    note[at % len(note)] ^= 1 << bit
    file["certificate"] = note.decode("utf-8", "replace")
    with pytest.raises(Unproved):
        check_certificate(json.dumps(file), KEYS)


def test_what_somebody_typed_is_not_in_it() -> None:
    """Of a hold, of whichever case, only that it is one; of an exception its provision."""
    exempt = Exempt("except-1", "legal_claims", "Mara Quinn sues us", "legal", 0, ("user.contact",))
    kept = (
        Kept("hubspot", "contacts", "1", ("email",), "GDPR Art. 17(3)(e): Mara Quinn sues us", "except-1"),
        Kept("hubspot", "deals", "7", (), "tax of Mara Quinn", "hold-of-another-case"),
        Kept("hubspot", "notes", "8", (), "Bills are kept.", "bills", "2030-01-01"),
    )
    plan = Plan("case0001", "salt", (), kept, (), (), ())
    told = said(CASE.put(plan=plan, exempt=(exempt,), holds=(), journal={}))["kept"]
    assert [one["because"] for one in told] == ["GDPR Art. 17(3)(e)", "legal hold", "Bills are kept."]
