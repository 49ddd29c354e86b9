"""Who asks, and what for: from credentials on a request to a `Principal`, a `Purpose`, and a clean request.

Nouns: an `Identifier` holds one snapshot of the registered clients and answers `identify`, where the story
starts (`identify.py`). A client proves itself with an API key (`mint`, `digest`), a client certificate that
the data plane verified, or a JWT of an `Issuer` whose keys are in a `JwksKeys`. `strip` is the one table of
headers that never go on.

It does not decide what anybody may do, does not speak OAuth, holds no session, never looks at a query or a
cookie for a credential, and never believes a header about who the caller is. It opens no connection while a
request waits: key sets are fetched in the background and looked up in memory.

Why exactly one credential: two that disagree would need a rule for which one counts, and every such rule is a
way to be somebody else. Why roles come from the registration and a token can only choose among them: whoever
runs the identity provider must not be able to give a partner's token the role of a privacy officer. Why an
unregistered purpose falls back to the client's default rather than being granted or ignored silently: the
purpose in force is never wider than what was registered, and the ledger keeps both.
"""

from proxy.identity.apikeys import digest, mint
from proxy.identity.frozen import Frozen
from proxy.identity.headers import strip
from proxy.identity.identify import Identified, Identifier
from proxy.identity.issuer import Issuer
from proxy.identity.jwks import JwksKeys
from proxy.identity.sources import file_source, url_source

__all__ = [
    "Frozen",
    "Identified",
    "Identifier",
    "Issuer",
    "JwksKeys",
    "digest",
    "file_source",
    "mint",
    "strip",
    "url_source",
]
