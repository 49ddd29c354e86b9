"""Writes `vectors/protect.json`: `python -m tests.crypto.make_vectors`; running it again changes nothing.

Keys and ids are counted up, so that anybody can write them down. The texts are made by our code once and kept;
the tests hold them against `independent.py`, which shares no code with it.
"""

import json
from pathlib import Path

from proxy.crypto.derive import derive
from proxy.crypto.envelope import DataKey, context_of
from proxy.crypto.marks import RecipientKeys, index
from proxy.crypto.repeatable import FieldKey

PATH = Path(__file__).parent / "vectors" / "protect.json"
KEY, KEY_ID, BINDING = bytes(range(32)), bytes(range(64, 80)), bytes(range(128, 144))
TENANT, RECIPIENT = "tenant-1", "mailer_us"
VALUES = (
    ("user.contact.email", "email-1", "mara.quinn@example.org"),
    ("user.name", "text-1", "山田 太郎"),
    ("user.content.private", "text-1", "x"),
    ("user.content.private", "text-1", "Calls after three. " * 9),
)


def vectors() -> dict[str, object]:
    """Return all of it."""
    rows = []
    for element, normaliser, value in VALUES:
        data = value.encode()
        data_key = DataKey(derive(KEY, "subject/enc"), KEY_ID)
        recipient = RecipientKeys(KEY, RECIPIENT, random=lambda count: BINDING[:count])
        rows.append(
            {
                "element": element,
                "normaliser": normaliser,
                "value": value,
                "envelope": data_key.seal(data, context_of(TENANT, element), BINDING),
                "repeatable": FieldKey(KEY, TENANT, element).seal(data),
                "index": index(derive(KEY, f"index/{element}/{normaliser}"), value).hex(),
                "pseudonym": recipient.pseudonym(element, value),
                "sealed": recipient.seal(element, value),
            }
        )
    return {
        "made_by": "python -m tests.crypto.make_vectors",
        "key": KEY.hex(),
        "key_id": KEY_ID.hex(),
        "binding": BINDING.hex(),
        "tenant": TENANT,
        "recipient": RECIPIENT,
        "values": rows,
    }


def text() -> str:
    """Return the file."""
    return json.dumps(vectors(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
