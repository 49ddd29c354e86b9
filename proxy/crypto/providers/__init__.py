"""Who holds the keys that wrap all others: a file, a hardware module, or a key server, behind one port.

The nouns: a **provider** keeps keys that never leave it; a **handle** is its own name for one of them, opaque to
everybody else. `port.Provider` is what is asked of each, and `Guarded` sees to it that each does no more and no
less; `KeyringFile` is the one that needs nothing but a file.

What it does not do: decide which key is in force. Providers differ in what they call suspended or destroyed, so
`proxy.keys` keeps the states itself and holds the provider's word against them.

Why
    *Many data keys per call.* A hop to the one thread that may talk to a hardware module, or a round trip to a
    server, costs more than a hundred wraps do.
    *Clients that are alive, and loaded only where they are used.* python-pkcs11 and boto3 are what there is; for
    OpenBao plain httpx, since its API is five requests and hvac does not know batches with associated data. All
    of them are extras, so that a plain installation stays small.
    *No `sign` and no `attest`.* Checkpoints and certificates are signed by keys that live a hundred times longer
    than an epoch; see `proxy.crypto.note`.
"""

from proxy.crypto.providers.aws import AwsKms, AwsPlace
from proxy.crypto.providers.guarded import Guarded
from proxy.crypto.providers.keyring import KeyringFile
from proxy.crypto.providers.openbao import BaoPlace, Transit
from proxy.crypto.providers.pkcs11 import Pkcs11
from proxy.crypto.providers.port import Custody, Kind, Provider

__all__ = [
    "AwsKms",
    "AwsPlace",
    "BaoPlace",
    "Custody",
    "Guarded",
    "KeyringFile",
    "Kind",
    "Pkcs11",
    "Provider",
    "Transit",
]
