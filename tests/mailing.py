"""A real mail server on this machine, and what it was told."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PASSWORD = "only-the-server-knows"


@dataclass
class Mailbox:
    """Takes mail, as far as the test lets it."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """Commands that came, with whether under TLS."""
    refuses: bool = False

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Hear a greeting."""
        del envelope
        self.said.append(f"EHLO {hostname} {_under_tls(server)}")
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Hear to whom a message goes."""
        del session, options
        self.said.append(f"RCPT {_under_tls(server)}")
        if self.refuses:
            return f"550 5.1.1 {address} unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take a message."""
        del server, session
        self.taken.append(message_from_bytes(envelope.content or b"", policy=default))
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, shown: Any
    ) -> AuthResult:
        """Say whether who logs in may."""
        del session, envelope, mechanism
        self.said.append(f"AUTH {_under_tls(server)}")
        good = isinstance(shown, LoginPassword) and shown.password == PASSWORD.encode()
        return AuthResult(success=good, handled=False)


def _under_tls(server: SMTP) -> bool:
    return server.transport is not None and server.transport.get_extra_info("ssl_object") is not None


@asynccontextmanager
async def mailbox(context: ssl.SSLContext | None, *, implicit: bool = False) -> AsyncIterator[Mailbox]:
    """Run a server with this TLS: begun by STARTTLS, from the first byte, or none at all."""
    box, loop = Mailbox(), asyncio.get_running_loop()

    def made() -> SMTP:
        later = None if implicit else context
        return SMTP(
            box, hostname="mail.test", tls_context=later, require_starttls=later is not None,
            authenticator=box.authenticate, auth_require_tls=not implicit, loop=loop,
        )  # fmt: skip

    server = await loop.create_server(made, "127.0.0.1", 0, ssl=context if implicit else None)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
