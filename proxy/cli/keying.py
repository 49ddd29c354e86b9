"""What the commands of `lychgate keys` share: the installation's keys, and how things get on record."""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from proxy.app import KEY_FILE
from proxy.config import Config, load_config
from proxy.console.control import ask
from proxy.crypto import read_key
from proxy.ids import new_id
from proxy.kept import Kept, open_kept
from proxy.keys import Keys
from proxy.keys.epochs import Epochs
from proxy.ledger import Ledger
from proxy.model import Noted

CONFIG: Final = click.option(
    "--config",
    "-c",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("lychgate.yaml"),
    show_default=True,
    help="The installation's configuration.",
)
FORM: Final = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
EVERY: Final = 2.0
"""Seconds between two lines of progress where nobody watches a terminal."""


@dataclass(frozen=True)
class Custody:
    """An installation's keys, opened for one command."""

    config: Config
    kept: Kept

    @property
    def keys(self) -> Keys:
        """The keys."""
        return self.kept.keys

    @property
    def epochs(self) -> Epochs:
        """What may be done with the keys that wrap them, every change on record before it is made."""
        return self.kept.epochs(self.note, self.config.keys.officers)

    def note(self, what: str, detail: str) -> None:
        """Write down what happens; durable when this returns.

        Raises:
            LychgateError: it could not be written, so it must not happen.
        """
        said = json.dumps({"what": what, "detail": detail})
        if ask(self.config.state, "key_event", said) is None:
            asyncio.run(self._note_here(what, detail))

    async def _note_here(self, what: str, detail: str) -> None:
        ledger = Ledger.open(self.config.state / "ledger", now=time.time)
        try:
            await ledger.append(Noted(new_id(), "", what=what, detail=detail))
        finally:
            ledger.close()


@contextlib.contextmanager
def custody(path: Path) -> Iterator[Custody]:
    """Give the keys of the installation that this configuration describes."""
    config = load_config(path)
    kept = open_kept(config, read_key(config.state / KEY_FILE))
    try:
        held = Custody(config, kept)
        held.epochs.forget_removed()
        yield held
    finally:
        kept.close()


def say(form: str, text: str, **found: object) -> None:
    """Print a result for people, or the same for programs."""
    click.echo(json.dumps(found) if form == "json" else text)


class Told:
    """Tells on standard error how far long work has come: in place on a terminal, else a line now and then."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._terminal = sys.stderr.isatty()
        self._next = time.monotonic() + EVERY
        self._wrote = False

    def step(self, done: int, total: int | None = None) -> None:
        """Tell it."""
        of = f" of {total:,}" if total is not None else ""
        line = f"{done:,}{of} {self._what}"
        if self._terminal:
            click.echo(f"\r{line}", err=True, nl=False)
            self._wrote = True
        elif time.monotonic() >= self._next:
            click.echo(line, err=True)
            self._next = time.monotonic() + EVERY

    def end(self) -> None:
        """Leave the line."""
        if self._wrote:
            click.echo(err=True)
