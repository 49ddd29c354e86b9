"""Requests of our own to a CRM: the lane's upstream, its certificate verified, with the credential Lychgate
holds.

`Caller.send` is all there is. What it does not do: follow redirects (a CRM that sends us elsewhere with a
credential is refused), use a proxy from the environment, accept a certificate that does not verify, try again,
or understand an answer.

Why Tornado's client: it is in the lock already, verifies by default, and hands over status and bytes without
opinions. A connection per request is the price; an erasure makes a few dozen.
"""

from proxy.transport.caller import Caller, ShowsCredential

__all__ = ["Caller", "ShowsCredential"]
