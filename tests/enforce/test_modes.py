"""What a rule in mode warn or audit leaves behind: a bare header for the client, everything for the ledger."""

import json

from tests.enforce.conftest import RECORD, Stand, http

ROLLOUT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: rollout}
guards:
  - {id: new-veil, effect: redact, mode: warn, on: {fields: [Email]}, actions: [read]}
  - {id: staged-wall, effect: deny, mode: audit, on: {fields: [LastName]}, actions: [read]}
"""
ANSWER = {
    "attributes": {"type": "Contact", "url": "/services/data/v59.0/sobjects/Contact/003000000000001AAA"},
    "Id": "003000000000001AAA",
    "Email": "mara@example.org",
    "LastName": "Quinn",
}


async def test_a_rollout_is_seen_in_the_ledger_and_not_by_the_client(stand: Stand) -> None:
    """The warning rule holds, the audited one does not; the client learns neither id."""
    stand.upstream.answer = http("200 OK", json.dumps(ANSWER).encode())
    assert b"lychgate-warning" not in (await stand.ask("GET", RECORD)).lower()
    (stand.app.config.policies / "rollout.yaml").write_text(ROLLOUT)
    stand.app.reload()
    answer = await stand.ask("GET", RECORD)
    assert b"\r\nlychgate-warning: policy-warning\r\n" in answer.lower()
    assert b"veil" not in answer
    assert b"wall" not in answer
    assert b'"Email":null' in answer
    assert b"Quinn" in answer
    disclosed = stand.entries()[-1]
    assert disclosed["warned"] == ["new-veil"]
    assert disclosed["would"] == ["Contact.LastName: deny by staged-wall"]
    assert stand.verified()
