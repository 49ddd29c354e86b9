"""Keys, sealed text and local certificates: the only package that touches cryptographic primitives.

The nouns: a **key file** holds 32 random bytes; a **derived key** belongs to one use and comes from another
key by HKDF; **sealed text** is authenticated ciphertext that a URL can carry; the **local authority** signs
certificates for the lanes and clients of one installation.

Where the story starts: `read_key` at start-up, then `derive(root, use)` for each part that needs a key.

What it does not do: choose what is protected, talk to a key server, keep a key in memory longer than its
caller does. Python cannot wipe memory, and this package does not claim to.

Why
    *Our own envelope (`lg1.<key id>.<base64url>`) rather than JWE or Fernet.* JWE triples the length and
    costs ten times as much; Fernet is AES-128-CBC and cannot bind a context. The version stands in the text,
    the key id says which key, and both are authenticated together with the context.
    *One label per use* (`lychgate.dev/v1/<use>`), so that no key ever serves two purposes.
    *A local authority of our own rather than mitmproxy's.* That one is made to impersonate every site; this
    one signs what it is told to, and its key can be put away after `lychgate init`.
"""

from proxy.crypto.authority import ensure_authority, issue_client, issue_leaf
from proxy.crypto.derive import derive
from proxy.crypto.keyfile import create_key, read_key
from proxy.crypto.note import NoteSigner
from proxy.crypto.sealed import Sealer
from proxy.crypto.term import Term, term_of

__all__ = [
    "NoteSigner",
    "Sealer",
    "Term",
    "create_key",
    "derive",
    "ensure_authority",
    "issue_client",
    "issue_leaf",
    "read_key",
    "term_of",
]
