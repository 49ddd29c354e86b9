"""`lychgate keys destroy|officer`: what cannot be undone takes two people."""

import json
import os
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from proxy.cli.keying import CONFIG, FORM, Custody, custody, say
from proxy.keys import State
from proxy.keys.epochs import PEOPLE
from proxy.keys.officers import digest, identify, mint

VARIABLE: Final = "LYCHGATE_OFFICER_TOKEN"


@click.command()
@click.argument("epoch", type=int)
@CONFIG
@FORM
@click.option(
    "--token-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help=f"Holds your token; otherwise {VARIABLE}, or you are asked for it.",
)
@click.option("--withdraw", is_flag=True, help="Take back that you want it.")
def destroy(epoch: int, path: Path, form: str, token_file: Path | None, *, withdraw: bool) -> None:
    """Want the key of EPOCH destroyed; it is when a second officer runs the same within a week.

    Then nothing that was wrapped under it opens any more, in no backup either. No key may be wrapped under it
    when it is destroyed: `keys rotate` first. With a provider that waits (AWS KMS: 7 to 30 days), run it again
    after that time, to have it on record that the key is gone.
    """
    with custody(path) as held:
        who = identify(_token(token_file), held.config.keys.officers)
        if withdraw:
            done = held.epochs.withdraw(epoch, who)
            say(form, f"{who} {'does not want' if done else 'did not want'} it", epoch=epoch, withdrawn=done)
            return
        _want(held, form, epoch, who)


@click.command()
@click.argument("name", callback=lambda _, __, name: _checked(name))
@FORM
def officer(name: str, form: str) -> None:
    """Make a token for the officer NAME.

    It is printed once and kept nowhere. What goes into `lychgate.yaml` is its SHA-256; two officers have to want
    the same before a key is destroyed.
    """
    token = mint(secrets.token_bytes)
    if form == "json":
        click.echo(json.dumps({"officer": name, "token": token, "sha256": digest(token)}))
        return
    click.echo(f"The token, shown this once; give it to {name} over a safe channel:\n\n  {token}\n")
    click.echo("What lychgate.yaml gets:\n")
    click.echo(f"keys:\n  officers:\n    {name}: {json.dumps(digest(token))}")


def _checked(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", name):
        raise click.UsageError("an officer's name is up to 32 lower-case letters, digits and dashes")
    return name


def _want(held: Custody, form: str, epoch: int, who: str) -> None:
    epochs = held.epochs
    known = epochs.all()
    if epoch in known and known[epoch].state is State.DESTROYED:
        say(form, f"epoch {epoch} is destroyed already", epoch=epoch, state="destroyed", missing=0)
        return
    begun = epoch in known and known[epoch].state is State.DESTROY_PENDING
    missing = 0 if begun else epochs.ask_for_destruction(epoch, who)
    if missing:
        text = f"{who} wants epoch {epoch} destroyed; it takes {PEOPLE} officers, so another has to run the same"
        say(form, text, epoch=epoch, state=known[epoch].state.value, missing=missing)
        return
    done = epochs.destroy(epoch)
    if done.state is State.DESTROYED:
        text = f"epoch {epoch} is destroyed: nothing that was wrapped under it opens any more, anywhere"
    else:
        when = datetime.fromtimestamp(done.gone_at or 0, UTC)
        text = f"nothing under epoch {epoch} opens any more; its provider destroys it by {when:%Y-%m-%d %H:%MZ}"
    say(form, text, epoch=epoch, state=done.state.value, missing=0)


def _token(file: Path | None) -> str:
    if file is not None:
        return file.read_text("utf-8").strip()
    return os.environ.get(VARIABLE) or click.prompt("Token", hide_input=True, type=str)
