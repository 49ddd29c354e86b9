"""Carries messages about erasures to others: a webhook that is signed, a mail, a file in a folder, a call back.

Webhooks are signed as Standard Webhooks 1.0 has it: `webhook-id`, `webhook-timestamp` and `webhook-signature`
(HMAC-SHA256 over `id.timestamp.body`, under a secret that both have). The id of a message is the same however
often it is sent, so whoever gets it twice can tell. A mail has it in its Message-ID, says in its subject which
case it is about, and names people by ids of their records. Nothing is sent to any address but those in the
configuration; redirects are not followed, and certificates are verified.
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from msgspec import structs

from proxy.config import Config, Told, Webhook
from proxy.crypto.files import write_whole
from proxy.erasure import Case, Notice, Origin
from proxy.erasure.foreign import WRITTEN, below, drp_status, plain_path, standing, word
from proxy.erasure.notices import letter, message, missed, sent, unanswered
from proxy.errors import Problem, Problems, UpstreamFault
from proxy.identity.strictjson import read_object
from proxy.kept import read_secret
from proxy.letters import Letters
from proxy.message import Headers, Request
from proxy.transport import Caller

SECONDS: Final = 15.0
_SECRET: Final = "whsec_"  # noqa: S105 - how a secret begins


class _Shows:
    """Shows the credential that a message has in its own header fields, if any."""

    def fields(self, request: Request) -> tuple[tuple[str, str], ...]:
        """Return nothing to add."""
        del request
        return ()


class Messengers:
    """Everybody who is told of erasures.

    Args:
        config: the installation's; secrets are read now.
        key: of this use alone; names messages.

    Raises:
        Problems: a secret cannot be read or is none; a folder is missing.
    """

    def __init__(self, config: Config, key: bytes) -> None:
        self._told = config.erasure.recipients
        self._api = config.erasure.api
        self._key = key
        self._letters = Letters(config.erasure.mail) if config.erasure.mail is not None else None
        self._secrets = {
            name: _secret(name, told.webhook) for name, told in self._told.items() if told.webhook is not None
        }
        missing = [
            Problem(str(told.outbox), 0, 0, "LG205", f"the outbox of {name} is no folder: make it")
            for name, told in self._told.items()
            if told.outbox is not None and not told.outbox.is_dir()
        ]
        if missing:
            raise Problems(missing)

    def carries(self, recipient: str) -> bool:
        """Say whether a recipient is told by us, and not by a person."""
        return recipient in self._told

    async def tell(self, case: Case, notice: Notice, now: int) -> Notice:
        """Return a recipient's notice after an attempt to tell it."""
        told = self._told.get(notice.recipient)
        if told is None:
            return missed(notice, now, "not_configured")
        try:
            said = message(case, notice, told.names)
            acknowledged = await self._carry(told, self._id(case.id, notice.recipient), said, now)
        except UpstreamFault as fault:
            return missed(notice, now, fault.reason)
        except OSError:
            return missed(notice, now, "outbox_unwritable")
        return sent(notice, now, acknowledged=acknowledged)

    async def _carry(self, told: Told, name: str, said: Mapping[str, Any], now: int) -> bool:
        body = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
        if told.outbox is not None:
            await asyncio.to_thread(_put, told.outbox / f"{name}.json", body + b"\n")
            return False
        if told.mail is not None:
            assert self._letters is not None
            subject = f"Erase data of a person: case {said['case']}"
            await self._letters.send(told.mail, name, subject, letter(said), said)
            return False
        assert told.webhook is not None
        signed = f"{name}.{now}.".encode() + body
        signature = base64.b64encode(hmac.digest(self._secrets[said["recipient"]], signed, hashlib.sha256))
        fields = (
            ("content-type", "application/json"), ("webhook-id", name), ("webhook-timestamp", str(now)),
            ("webhook-signature", f"v1,{signature.decode()}"),
        )  # fmt: skip
        return _acknowledges(await _post(told.webhook.url, told.webhook.ca_file, fields, body))

    def _id(self, *said: str) -> str:
        return "msg_" + hmac.digest(self._key, "\0".join(said).encode(), hashlib.sha256).hex()[:32]

    async def replied(self, case: Case, now: int) -> tuple[Origin, str]:
        """Return a case's origin after an attempt to tell it how the case stands, and how that went."""
        origin = case.origin
        assert origin is not None
        try:
            await self.reply(case)
        except UpstreamFault as fault:
            return unanswered(origin, now), f"missed {fault.reason}"
        token = "" if origin.shape == "fides" else origin.token  # it is told once
        return structs.replace(origin, told=word(case), token=token, tries=0, again=0), "answered"

    async def reply(self, case: Case) -> None:
        """Tell whoever sent the case how it stands.

        Raises:
            UpstreamFault: it did not arrive, or nothing in the configuration lets us call there.
        """
        origin = case.origin
        assert origin is not None
        if origin.shape == "fides" and self._api is not None and self._api.fides is not None:
            paths = origin.reply.split(" ")
            if not all(map(plain_path, paths)):
                raise UpstreamFault("not_configured")
            path = paths[-1] if word(case) == "not_eligible" else paths[0]
            body = json.dumps({"derived_identity": {}} if word(case) == "done" else {}).encode()
            fields = (("content-type", "application/json"), ("authorization", f"Bearer {origin.token}"))
            await _post(self._api.fides.url + path, self._api.fides.ca_file, fields, body)
            return
        if origin.shape == "api":
            await self._write(case, origin)
            return
        drp = self._api.drp if self._api is not None else None
        for agent in drp.agents.values() if drp is not None else ():
            if agent.callback is not None and below(agent.callback, origin.reply):
                told = drp_status(case, verification_url=(drp.verification_url if drp is not None else "") or "")
                fields = (("content-type", "application/json"), ("accept", "application/json"))
                await _post(origin.reply, agent.ca_file, fields, json.dumps(told).encode())
                return
        raise UpstreamFault("not_configured")

    async def _write(self, case: Case, origin: Origin) -> None:
        """Tell a requester by mail how a case stands."""
        to = (self._api.mail if self._api is not None else {}).get(origin.reply.removeprefix(WRITTEN))
        if to is None or self._letters is None:
            raise UpstreamFault("not_configured")
        subject, text = standing(case)
        await self._letters.send(to, self._id(case.id, origin.reply, word(case)), subject, text)


async def _post(url: str, ca_file: Path | None, fields: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    """Return what is answered to a message that was taken.

    Raises:
        UpstreamFault: it was not: `upstream_refused`, or as `Caller.send` has it.
    """
    parts = urlsplit(url)
    caller = Caller(f"{parts.scheme}://{parts.netloc}", _Shows(), ca_file=ca_file, seconds=SECONDS)
    try:
        answer = await caller.send(Request("POST", parts.path or "/", headers=Headers(fields), body=body))
    finally:
        caller.close()
    if not 200 <= answer.status < 300:
        raise UpstreamFault("upstream_refused")
    return answer.body


def _acknowledges(body: bytes) -> bool:
    """Say whether an answer acknowledges: `{"acknowledged": true}` and nothing less."""
    try:
        return read_object(body).get("acknowledged") is True
    except ValueError:
        return False


def _put(path: Path, body: bytes) -> None:
    write_whole(path, body, 0o600, replace=True)


def _secret(name: str, webhook: Webhook) -> bytes:
    text = read_secret(webhook.secret, f"the webhook of {name} needs a secret")
    try:
        found = base64.b64decode(text.removeprefix(_SECRET), validate=True)
    except binascii.Error:
        found = b""
    if not text.startswith(_SECRET) or not 24 <= len(found) <= 64:
        where = str(webhook.secret.file or f"environment variable {webhook.secret.env}")
        said = f"the secret of the webhook of {name} is not `{_SECRET}` and base64 of 24 to 64 bytes"
        raise Problems([Problem(where, 0, 0, "LG205", said)])
    return found
