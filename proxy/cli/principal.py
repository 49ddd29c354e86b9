"""`lychgate principal`: stop somebody at once, and let somebody in again."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import click

from proxy.app import App, build
from proxy.config import load_config
from proxy.console.control import ask
from proxy.errors import LychgateError
from proxy.identity import Frozen
from proxy.identity.frozen import FILE

_config = click.option(
    "--config",
    "-c",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("lychgate.yaml"),
    show_default=True,
    help="The installation's configuration.",
)


@click.group()
def principal() -> None:
    """Stop principals at once, and let them in again."""


@principal.command()
@click.argument("who")
@_config
def freeze(who: str, path: Path) -> None:
    """Stop WHO: a client with all of its principals, or one of them as CLIENT/SUBJECT.

    Nothing is asked or released for it any more once this command has ended, in any process of this
    installation, also after a restart; answers that are under way are withheld.
    """
    _have_done("freeze", who, path, lambda app: app.freeze(who))
    click.echo(f"{who} is frozen")


@principal.command()
@click.argument("who")
@_config
def unfreeze(who: str, path: Path) -> None:
    """Let WHO in again; that is on record before it takes effect."""
    _have_done("unfreeze", who, path, lambda app: app.unfreeze(who))
    click.echo(f"{who} is not frozen any more")


@principal.command("list")
@_config
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(path: Path, form: str) -> None:
    """List who is frozen."""
    ids = Frozen(load_config(path).state / FILE).ids
    click.echo(json.dumps({"frozen": ids}) if form == "json" else "\n".join(ids) or "nobody is frozen")


def _have_done(verb: str, who: str, path: Path, act: Callable[[App], Awaitable[None]]) -> None:
    """Have the process that runs do it; if none does, do it here, so that the next one finds it."""
    config = load_config(path)
    if not who.isprintable():
        raise click.UsageError("an id is one line of printable text")
    if ask(config.state, verb, who) is not None:
        return
    app = build(config)
    try:
        asyncio.run(_act(app, act))
    except OSError as error:
        raise LychgateError(f"not done: {error.strerror}") from None
    finally:
        app.close()


async def _act(app: App, act: Callable[[App], Awaitable[None]]) -> None:
    await act(app)
