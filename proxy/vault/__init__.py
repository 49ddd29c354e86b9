"""The vault: which protected value of a CRM stands where, and what it stands for.

The nouns: a **token** is a random text that stands in the CRM for a value kept here, sealed; an **envelope** is
the value itself, sealed, in the CRM, with a **binding id** that says here where it belongs; a **mark** is what a
value is found by; a **handle** names a row: the token, or the binding id.

Where the story starts: `Vault.settle`, with all that a request or an answer needs at once.

What it does not do: decide who may see a value, or read a CRM's messages.

Why
    *Where a value belongs is looked up, not only authenticated.* The record's id is not known when a value is
    sealed for a record that is about to be made, and a second write after the create would run the CRM's
    automation twice. So a value that was moved, by hand or by an import, is found out when it is next shown.
    *Searchable values are random tokens, and what finds them lies here.* Ciphertext that the CRM can search
    would be made with a key of the field, which no erasure of a person destroys.
    *One data key per record until somebody says whose it is.* A key that is shredded takes all that it sealed.
"""

from proxy.vault import rows
from proxy.vault.needs import (
    Column,
    Got,
    Need,
    Opened,
    Opening,
    Placed,
    Put,
    Ready,
    Returned,
    Seek,
    Sending,
    Shown,
)
from proxy.vault.tables import CHAPTER
from proxy.vault.vault import Vault

__all__ = [
    "CHAPTER",
    "Column",
    "Got",
    "Need",
    "Opened",
    "Opening",
    "Placed",
    "Put",
    "Ready",
    "Returned",
    "Seek",
    "Sending",
    "Shown",
    "Vault",
    "rows",
]
