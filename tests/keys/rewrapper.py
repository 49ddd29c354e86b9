"""Wraps keys anew in a process of its own, for a test that kills it: FOLDER and URL on the command line."""

import sys
from pathlib import Path

from proxy.crypto.providers import KeyringFile
from proxy.keys import CHAPTER, Keys, SharedNumber
from proxy.keys.rewrap import rewrap
from proxy.store import Store

folder = Path(sys.argv[1])
keys = Keys(
    Store.open(sys.argv[2], (CHAPTER,)),
    KeyringFile(folder / "keyring.json", key=bytes(32)),
    SharedNumber(folder / "generation"),
)
for progress in rewrap(keys, at_once=50, pause=0.001):
    print(progress.done, flush=True)
