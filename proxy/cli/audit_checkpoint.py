"""`lychgate audit checkpoint` and `public-key`: what an auditor takes away, and how to check it later."""

from pathlib import Path

import click

from proxy.app import note_keys
from proxy.cli.auditing import CONFIG, Installation
from proxy.console.control import ask
from proxy.crypto.files import PRIVATE, write_whole
from proxy.errors import LychgateError
from proxy.ledger.published import NEWEST, SUFFIX


@click.command("checkpoint")
@CONFIG
def show_checkpoint(config: Path) -> None:
    """Sign how far the ledger has come by now, and print it.

    The proxy may be running. Keep what is printed somewhere else: `audit verify --checkpoint` finds every entry
    that is cut, changed or put elsewhere afterwards. Exit code 2: the ledger is not the one that was signed
    before.
    """
    note, _ = Installation.load(config).signed()
    click.echo(note.decode(), nl=False)


@click.command("public-key")
@CONFIG
@click.option(
    "--rotate", is_flag=True, help="Make a new key, sign with it from now on, and destroy the old one."
)
def show_public_key(config: Path, *, rotate: bool) -> None:
    """Print the keys that verify this installation's checkpoints, one per line, oldest first.

    Keep them where you keep checkpoints, and note them when the installation is new: whoever owns the disk can
    write another list. Old keys stay on the list for what they signed.
    """
    installation = Installation.load(config)
    installation.checkpoints.mkdir(mode=0o700, exist_ok=True)
    keys = note_keys(installation.config, installation.root())
    keys.signer()
    if rotate:
        _rotate(installation)
    click.echo(keys.public(), nl=False)


def _rotate(installation: Installation) -> None:
    """Exchange the key; the old one signs the last checkpoint once more, together with the new one."""
    keys = note_keys(installation.config, installation.root())
    newest = installation.checkpoints / NEWEST
    try:
        note = newest.read_bytes() if newest.exists() else b""
        if note:
            installation.opened(note)
        old, new = keys.rotate()
        if note:
            text = note.rpartition(b"\n\n")[0].decode() + "\n"
            both = old.sign(text) + new.signature(text).encode()
            key_id = new.verification_key.split("+")[1]
            write_whole(installation.checkpoints / f"rotated-{key_id}{SUFFIX}", both, PRIVATE, replace=False)
        keys.retire()
    except OSError as error:
        raise LychgateError(
            f"the key is not exchanged, or the old one is still there: {error.strerror}"
        ) from None
    ask(installation.config.state, "checkpoint", "")
