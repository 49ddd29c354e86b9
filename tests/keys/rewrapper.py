"""Wraps keys anew in a process of its own, for a test that kills it: FOLDER and URL on the command line.

With a third word it gives every data subject whose keys are older than so many seconds a new key instead.
"""

import sys
from pathlib import Path

from proxy.crypto.providers import KeyringFile
from proxy.keys import CHAPTER, Keys, LeasedNumber, SharedNumber
from proxy.keys.rewrap import renew_all, rewrap
from proxy.store import Store

folder = Path(sys.argv[1])
store = Store.open(sys.argv[2], (CHAPTER,))
number = SharedNumber(store, folder / "generation") if store.embedded else LeasedNumber(store)
keys = Keys(store, KeyringFile(folder / "keyring.json", key=bytes(32)), number)
if len(sys.argv) > 3:
    for done in renew_all(keys, float(sys.argv[3]), at_once=20, pause=0.001):
        print(done, flush=True)
else:
    for progress in rewrap(keys, at_once=50, pause=0.001):
        print(progress.done, flush=True)
