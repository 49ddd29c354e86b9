"""Messages about erasures as mail: a text for a person, and where it is of use the same for a program."""

import asyncio
import json
from collections.abc import Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import localtime
from typing import Any

from proxy.config import Mail
from proxy.kept import read_secret
from proxy.transport import MailServer


class Letters:
    """Sends them.

    Args:
        settings: which server takes them, and from whom they are; a secret is read now.

    Raises:
        Problems: it cannot be read.
    """

    def __init__(self, settings: Mail) -> None:
        secret = settings.password
        password = read_secret(secret, "the mail server needs a password") if secret is not None else ""
        user, implicit = settings.user or "", settings.tls == "implicit"
        self._sender = settings.sender
        self._server = MailServer(settings.host, settings.port, implicit, settings.ca_file, user, password)

    async def send(
        self, to: str, name: str, subject: str, text: str, said: Mapping[str, Any] | None = None
    ) -> None:
        """Return once the server has taken a letter.

        Args:
            to: address.
            name: of the letter, the same however often it is sent.
            subject: read by whoever is on the way; names nobody.
            text: for a person.
            said: for a program.

        Raises:
            UpstreamFault: see `MailServer.send`.
        """
        made = EmailMessage(policy=SMTP)
        made["From"], made["To"], made["Date"], made["Subject"] = self._sender, to, localtime(), subject
        made["Message-ID"] = f"<{name}@{self._sender.partition('@')[2]}>"
        made["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday is an answer
        made.set_content(text, cte="quoted-printable")
        if said is not None:
            tree = json.dumps(said, ensure_ascii=False, sort_keys=True, indent=1).encode()
            made.add_attachment(tree, "application", "json", filename=f"{name}.json")
        await asyncio.to_thread(self._server.send, made)
