"""What the commands of `lychgate audit` share: whose ledger it is, its keys, its newest checkpoint."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from proxy.app import CHECKPOINTS, KEY_FILE, make_notary
from proxy.config import Config, load_config
from proxy.console.control import ask
from proxy.crypto import read_key
from proxy.errors import LedgerError
from proxy.ledger import folder as folders
from proxy.ledger import verify as judge
from proxy.ledger.published import PUBLIC_KEYS
from proxy.ledger.segment import SystemDisk
from proxy.ledger.survey import survey

FOLDER = click.argument(
    "folder",
    metavar="[DIR]",
    required=False,
    envvar="LYCHGATE_LEDGER",
    default="state/ledger",
    type=click.Path(path_type=Path, file_okay=False),
)
CONFIG = click.option(
    "--config",
    "-c",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("lychgate.yaml"),
    show_default=True,
    help="The installation's configuration.",
)
FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@dataclass(frozen=True)
class Installation:
    """Where an installation keeps what an auditor asks for."""

    config: Config

    @classmethod
    def load(cls, path: Path) -> "Installation":
        """Return the one of this configuration."""
        return cls(load_config(path))

    @property
    def ledger(self) -> Path:
        """The ledger's folder."""
        return self.config.state / "ledger"

    @property
    def checkpoints(self) -> Path:
        """The folder of checkpoints, public keys and the tree."""
        return self.config.state / CHECKPOINTS

    def root(self) -> bytes:
        """Return the root key."""
        return read_key(self.config.state / KEY_FILE)

    def checkpoint(self) -> bytes:
        """Return a checkpoint over everything that is durable now; the process that runs makes it, or we do.

        Returns:
            The signed note; b"" for a ledger without an entry.

        Raises:
            LedgerError: the ledger is not the one that was signed before.
        """
        note = ask(self.config.state, "checkpoint", "")
        if note is not None:
            return str(note).encode()
        if not self.ledger.is_dir():
            raise click.UsageError(f"{self.ledger}: there is no ledger in this folder")
        try:
            fd = folders.take(self.ledger, SystemDisk())
            try:
                found = survey(self.ledger)
                notary = make_notary(self.config, self.root(), lambda: (found.seq, found.head))
                notary.resume()
                return notary.step(closing=True)
            finally:
                os.close(fd)
        except OSError as error:
            raise LedgerError(f"the ledger cannot be used: {error.strerror}") from None

    def signed(self) -> tuple[bytes, judge.Checkpoint]:
        """Return `checkpoint` and what it says.

        Raises:
            LedgerError: as `checkpoint`; also if there is nothing to sign.
        """
        note = self.checkpoint()
        if not note:
            raise LedgerError("the ledger has no entry yet")
        return note, self.opened(note)

    def opened(self, note: bytes) -> judge.Checkpoint:
        """Return what a checkpoint of this installation says, whichever of its keys signed it.

        Raises:
            LedgerError: none did.
        """
        try:
            return judge.open_checkpoint(
                note, judge.parse_keys((self.checkpoints / PUBLIC_KEYS).read_text("utf-8"))
            )
        except (judge.Unproved, OSError) as error:
            raise LedgerError(f"the checkpoint cannot be used: {error}") from None


def entries_with(folder: Path, text: str) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield line and members of every entry in whose line `text` stands, oldest first.

    Raises:
        click.UsageError: there is no ledger in the folder.
    """
    try:
        for segment, offset, line in judge.read_entries(folder):
            if text in line and (entry := parsed(segment, offset, line)) is not None:
                yield line, entry
    except judge.NotALedger as error:
        raise click.UsageError(f"{folder}: {error}") from None


def parsed(segment: str, offset: int, line: str) -> dict[str, object] | None:
    """Return an entry's members; None, told on standard error, if it is none."""
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if isinstance(entry, dict):
        return entry
    click.echo(f"{segment}:{offset}: not an entry; run `lychgate audit verify`", err=True)
    return None


def when(entry: dict[str, object]) -> str:
    """Return an entry's time as ISO 8601 in UTC, to the millisecond; "" if it has none that can be."""
    moment = entry.get("time_ms")
    try:
        seconds, rest = divmod(moment if isinstance(moment, int) else -1, 1000)
        if seconds >= 0:
            return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:03d}Z"
    except (ValueError, OverflowError, OSError):
        pass
    return ""


def plain(text: str) -> str:
    """Return text that cannot move a terminal's cursor, break a line or turn its neighbours around."""
    return "".join(
        letter if letter.isascii() and letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


def said(value: object) -> str:
    """Return a member's value as one plain text; an array's items are separated by `; `."""
    items = value if isinstance(value, list) else [value]
    return plain("; ".join(str(item).lower() if isinstance(item, bool) else str(item) for item in items))
