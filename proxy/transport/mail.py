"""Mail, handed to one server.

`MailServer.send` is all there is. Nothing goes without TLS to a server whose certificate verifies: neither a
message nor a name nor a password is said in clear, whatever the server offers or leaves out.
"""

import contextlib
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path

from proxy.errors import UpstreamFault

SECONDS = 15.0
"""For each thing that is said, and to connect."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Who takes mail from us (RFC 6409)."""

    host: str
    port: int
    implicit: bool = False
    """TLS from the first byte (RFC 8314), and not by STARTTLS (RFC 3207)."""
    ca_file: Path | None = None
    """Who may have signed its certificate; None = the system's authorities."""
    user: str = ""
    """"" = it wants no name."""
    password: str = field(default="", repr=False)

    def send(self, message: EmailMessage) -> None:
        """Return once the server has taken a message; blocks.

        Raises:
            UpstreamFault: `upstream_unreachable` (nothing was said, or not to the server it is meant for),
                `upstream_refused` (it has no TLS, or does not take the name, an address or the message),
                `upstream_timeout` and `upstream_lost` (whether it was taken is unknown).
        """
        try:
            self._send(message)
        except ssl.SSLCertVerificationError:
            raise UpstreamFault("upstream_unreachable") from None
        except TimeoutError:
            raise UpstreamFault("upstream_timeout", status=504) from None
        except smtplib.SMTPServerDisconnected:
            raise UpstreamFault("upstream_lost") from None
        except smtplib.SMTPException:
            raise UpstreamFault("upstream_refused") from None
        except OSError:
            raise UpstreamFault("upstream_lost") from None

    def _send(self, message: EmailMessage) -> None:
        context = ssl.create_default_context(cafile=str(self.ca_file) if self.ca_file is not None else None)
        server = self._connected(message["from"].addresses[0].domain, context)
        try:
            if not self.implicit:
                server.starttls(context=context)
            if self.user:
                server.login(self.user, self.password)
            server.send_message(message)
            with contextlib.suppress(OSError):  # what was taken is taken, however the good-bye goes
                server.quit()
        finally:
            server.close()

    def _connected(self, name: str, context: ssl.SSLContext) -> smtplib.SMTP:
        try:
            if self.implicit:
                return smtplib.SMTP_SSL(self.host, self.port, name, timeout=SECONDS, context=context)
            return smtplib.SMTP(self.host, self.port, name, timeout=SECONDS)
        except smtplib.SMTPConnectError:
            raise
        except OSError:
            raise UpstreamFault("upstream_unreachable") from None
