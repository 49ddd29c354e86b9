"""Store and keys: whether what is protected can be opened now, and by whom it could be stopped."""

from collections.abc import Iterator
from typing import Final

from proxy import config as settings
from proxy.app import KEY_FILE
from proxy.crypto import read_key
from proxy.doctor.finding import Finding, fail, ok, warn
from proxy.errors import Problems, Unavailable
from proxy.kept import FILE, Kept, look_at_kept, store_where
from proxy.keys.rows import Epoch
from proxy.keys.states import UNWRAPS, State

_DO: Final = {
    "provider_locked": "check the passphrase, the PIN or the token, and whether the server is sealed",
    "provider_unreachable": "check that the module, token or server is there, and let this machine out to it",
    "provider_slow": "look at the load of the key server, and at the way to it",
    "provider_not_configured": "describe it under `keys` again, until `lychgate keys rotate` has moved its keys",
}
"""By reason."""


def store(config: settings.Config) -> Iterator[Finding]:
    """Look at the database and at the keys in it; nothing is made or brought up to date."""
    if config.store.url is None and not (config.state / FILE).exists():
        yield ok("store", f"{config.state / FILE}: nothing is kept yet")
        return
    try:
        kept = look_at_kept(config, read_key(config.state / KEY_FILE))
    except Problems as error:
        yield fail("store", str(error.problems[0].message), f"mend it: {store_where(config)}")
        return
    except Unavailable as error:
        yield fail("store", f"{store_where(config)}: {error}", "restore the root key, or mend its mode")
        return
    try:
        yield ok("store", f"{kept.store.where} answers")
        yield from _keys(kept)
    except Unavailable as error:
        yield fail("store", f"{store_where(config)}: {error}", "let this machine out to it, and look at its log")
    finally:
        kept.close()


def _keys(kept: Kept) -> Iterator[Finding]:
    epochs = kept.epochs()
    known, counts = epochs.all(), epochs.counts()
    if not known:
        yield ok("keys", "none are made yet: `lychgate keys init`, before a policy protects fields")
        return
    try:
        kept.keys.provider.ping()
        drifts = epochs.reconcile()
    except Unavailable as error:
        do = _DO.get(error.reason, "look at what the provider logs")
        yield fail("keys", f"{kept.keys.provider.name} cannot be asked: {error}", do)
        return
    for drift in drifts:
        yield fail("keys", str(drift), "find out who changed it; our own table is the one that counts")
    for epoch in known.values():
        yield from _stands(epoch, counts.get(epoch.number, 0))
    if not drifts:
        where = f"{kept.keys.provider.name}: {kept.keys.provider.where}"
        yield ok("keys", f"{sum(counts.values()):,} keys, wrapped by {where}, which says the same of each epoch")


def _stands(epoch: Epoch, count: int) -> Iterator[Finding]:
    part, number = "keys", epoch.number
    if epoch.state is State.SUSPENDED:
        yield warn(part, f"epoch {number} is suspended: all that needs it is refused", "lychgate keys resume")
    elif epoch.state is State.COMPROMISED and count:
        yield warn(part, f"{count:,} keys are under epoch {number}, compromised", "lychgate keys rotate")
    elif epoch.state in UNWRAPS - {State.ACTIVE} and count:
        yield warn(part, f"a rotation left {count:,} keys under epoch {number}", "lychgate keys rotate ends it")
