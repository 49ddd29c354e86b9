"""Marks values anew in a process of its own, for a test that kills it: FOLDER and URL on the command line."""

import sys
from pathlib import Path

from proxy.crypto.providers import KeyringFile
from proxy.keys import CHAPTER as KEYS
from proxy.keys import Keys, LeasedNumber, SharedNumber
from proxy.store import Store
from proxy.vault import CHAPTER, Vault
from proxy.vault.reindex import reindex

folder = Path(sys.argv[1])
store = Store.open(sys.argv[2], (KEYS, CHAPTER))
number = SharedNumber(store, folder / "generation") if store.embedded else LeasedNumber(store)
keys = Keys(store, KeyringFile(folder / "keyring.json", key=bytes(32)), number)
for marked in reindex(Vault(store, keys), at_once=10, pause=0.001):
    print(marked.done, flush=True)
