"""Requests of our own to a CRM: the lane's upstream, its certificate verified, with the credential Lychgate
holds. And mail, to one server.

`Caller.send` and `MailServer.send` are all there is. What they do not do: follow redirects (a CRM that sends us
elsewhere with a credential is refused), use a proxy from the environment, accept a certificate that does not
verify, try again, or understand an answer.

Why Tornado's client: it is in the lock already, verifies by default, and hands over status and bytes without
opinions. A connection per request is the price; an erasure makes a few dozen.
"""

from proxy.transport.caller import Caller, ShowsCredential
from proxy.transport.mail import MailServer

__all__ = ["Caller", "MailServer", "ShowsCredential"]
