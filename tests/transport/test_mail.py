"""Mail, handed to a real server: nothing is said in clear, and nothing to a stranger."""

import asyncio
import socket
import ssl
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from proxy.errors import UpstreamFault
from proxy.transport import MailServer, mail
from tests.mailing import PASSWORD, mailbox
from tests.sandbox.conftest import tls  # noqa: F401 - a fixture


def message() -> EmailMessage:
    """Return something to send."""
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Subject"] = "erasure@acme.example", "dpo@desk.example", "case 7"
    made.set_content("Erase them.\n.\nToo.\n")
    return made


def context_of(tls) -> ssl.SSLContext:  # noqa: F811
    """Return what the server shows."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.cert, tls.key)
    return context


async def send(port: int, tls, **more: Any) -> None:  # noqa: F811
    """Send a message, while the server goes on."""
    way = MailServer("127.0.0.1", port, ca_file=tls.cert, user="lychgate", password=PASSWORD)
    await asyncio.to_thread(replace(way, **more).send, message())


@pytest.mark.parametrize("implicit", [False, True])
async def test_a_message_is_handed_over_under_tls(tls, implicit: bool) -> None:  # noqa: F811
    """Begun by STARTTLS or from the first byte; names, addresses and text come after it."""
    async with mailbox(context_of(tls), implicit=implicit) as box:
        await send(box.port, tls, implicit=implicit)
    (taken,) = box.taken
    assert (taken["from"], taken["to"], taken["subject"]) == (
        "erasure@acme.example",
        "dpo@desk.example",
        "case 7",
    )
    assert taken.get_content().replace("\r\n", "\n") == "Erase them.\n.\nToo.\n"
    assert box.said[-3:] == ["EHLO acme.example True", "AUTH True", "RCPT True"]


async def test_without_a_user_nobody_logs_in(tls) -> None:  # noqa: F811
    """Some servers take mail by address."""
    async with mailbox(context_of(tls)) as box:
        await send(box.port, tls, user="")
    assert len(box.taken) == 1
    assert "AUTH True" not in box.said


@pytest.mark.parametrize("more", [{"ca_file": None}, {"host": "localhost"}])
async def test_a_stranger_is_told_nothing(tls, more: dict[str, Any]) -> None:  # noqa: F811
    """Whose certificate nobody we trust has signed, or which is another server's."""
    for implicit in (False, True):
        async with mailbox(context_of(tls), implicit=implicit) as box:
            with pytest.raises(UpstreamFault, match="upstream_unreachable"):
                await send(box.port, tls, implicit=implicit, **more)
        assert box.taken == []
        assert not [said for said in box.said if "EHLO" not in said]


async def test_a_server_without_tls_is_told_nothing(tls) -> None:  # noqa: F811
    """Whoever sits in between could have taken the offer out."""
    async with mailbox(None) as box:
        with pytest.raises(UpstreamFault, match="upstream_refused"):
            await send(box.port, tls)
    assert box.said == ["EHLO acme.example False"]


async def test_what_is_refused_is_told_without_what_was_said(tls) -> None:  # noqa: F811
    """A wrong password, and an address that nobody has: the reason is a constant."""
    async with mailbox(context_of(tls)) as box:
        with pytest.raises(UpstreamFault) as wrong:
            await send(box.port, tls, password="canary")
        box.refuses = True
        with pytest.raises(UpstreamFault) as unknown:
            await send(box.port, tls)
    for error in (wrong.value, unknown.value):
        assert (error.reason, error.__cause__, error.__suppress_context__) == ("upstream_refused", None, True)
        assert "canary" not in str(error)
        assert "desk.example" not in str(error)
    assert box.taken == []


async def test_nobody_there_and_nobody_speaking(tls, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The first was told nothing, and the second is not waited for."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        monkeypatch.setattr(mail, "SECONDS", 0.2)
        with pytest.raises(UpstreamFault, match="upstream_unreachable"):
            await send(port, tls)
    with pytest.raises(UpstreamFault, match="upstream_unreachable"):
        await send(port, tls)


async def test_one_who_leaves_in_the_middle_may_have_taken_it(tls) -> None:  # noqa: F811
    """Nobody knows; it is tried again, under the same name."""

    async def leaves(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        await reader.readline()
        writer.close()

    server = await asyncio.start_server(leaves, "127.0.0.1", 0)
    with pytest.raises(UpstreamFault, match="upstream_lost"):
        await send(server.sockets[0].getsockname()[1], tls)
    server.close()


def test_the_password_is_not_shown() -> None:
    """Where somebody prints the server."""
    assert PASSWORD not in repr(MailServer("mail.test", 587, user="lychgate", password=PASSWORD))
