"""`lychgate keys`: the keys that protected values are sealed under, and the keys that wrap those."""

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from proxy.app import KEY_FILE, note_keys
from proxy.cli.keying import CONFIG, FORM, Custody, custody, say
from proxy.cli.keys_destroy import destroy, officer
from proxy.cli.keys_rotate import compromised, resume, rotate, suspend
from proxy.crypto import NoteSigner, read_key
from proxy.errors import Unavailable
from proxy.keys import indexes
from proxy.keys.rows import Epoch
from proxy.vault.rows import marked_by


@click.group()
def keys() -> None:
    """Make, rotate, suspend and destroy keys."""


@keys.command()
@CONFIG
@FORM
def init(path: Path, form: str) -> None:
    """Make the first key with the provider, and the keys of this installation; nothing if they are there."""
    with custody(path) as held:
        if not held.epochs.all():
            held.note("keys_made", f"epoch=1 provider={held.keys.provider.name}")
        made = held.keys.initialise()
        where = f"{held.keys.provider.name}: {held.keys.provider.where}"
        text = f"keys are made, under epoch 1 in {where}" if made else f"keys are there already, in {where}"
        say(form, text, made=made, provider=held.keys.provider.name)


@keys.command()
@CONFIG
@FORM
@click.pass_context
def status(context: click.Context, path: Path, form: str) -> None:
    """Say which keys there are, how many are wrapped under each, and whether the provider agrees.

    Exit code 1: the provider cannot be asked, or says something else than our own table, which is the one that
    counts; or no keys have been made yet.
    """
    with custody(path) as held:
        known, counts = held.epochs.all(), held.epochs.counts()
        findings, marks = _findings(held, known), _marks(held, known)
        if form == "json":
            click.echo(json.dumps(_as_json(held, known, counts, findings) | {"index_keys": marks}, indent=1))
        else:
            click.echo(f"provider  {held.keys.provider.name}: {held.keys.provider.where}")
            click.echo(f"store     {held.kept.store.where}")
            for epoch in known.values():
                click.echo(_line(epoch, counts.get(epoch.number, 0)))
            for each in marks:
                state = "in force" if each is marks[-1] else "searched, until `keys rotate --index` ends"
                click.echo(f"index {each['index']}   {each['values']:>11,} values   {state}")
            for finding in findings:
                click.echo(finding, err=True)
    context.exit(1 if findings else 0)


@keys.command("export-public")
@CONFIG
@FORM
def export_public(path: Path, form: str) -> None:
    """Print the public keys of this installation, one per line: of its checkpoints, and of its certificates.

    Keep them where the operator cannot write: they verify what was signed here, without asking anybody.
    """
    with custody(path) as held:
        state = held.config.state
        named = note_keys(held.config, read_key(state / KEY_FILE))
        certificates = NoteSigner(held.keys.own("signing"), f"{named.name}/certificates").verification_key
        found = [*named.public().split(), certificates]
        say(form, "\n".join(found), checkpoints=named.public().split(), certificates=certificates)


def _findings(held: Custody, known: dict[int, Epoch]) -> list[str]:
    if not known:
        return ["no keys have been made yet: lychgate keys init"]
    try:
        held.keys.provider.ping()
        return [str(drift) for drift in held.epochs.reconcile()]
    except Unavailable as error:
        return [f"the provider cannot be asked: {error}"]


def _marks(held: Custody, known: dict[int, Epoch]) -> list[dict[str, int]]:
    """Return the index keys that are searched, the one in force last, and how many values each finds."""
    if not known:
        return []
    with held.kept.store.read() as connection:
        found = marked_by(connection)
    return [{"index": each, "values": found.get(each, 0)} for each in indexes.searched(held.keys)]


def _line(epoch: Epoch, count: int) -> str:
    line = f"epoch {epoch.number}   {epoch.state:<16} {count:>11,} keys   since {_when(epoch.changed_at)}"
    if epoch.gone_at is not None:
        line += f"   beyond recovery {_when(epoch.gone_at)}"
    return f"{line}   {epoch.provider}: {epoch.handle if len(epoch.handle) <= 80 else epoch.handle[:77] + '...'}"


def _as_json(
    held: Custody, known: dict[int, Epoch], counts: dict[int, int], findings: list[str]
) -> dict[str, object]:
    return {
        "provider": held.keys.provider.name,
        "where": held.keys.provider.where,
        "store": held.kept.store.where,
        "epochs": [
            {
                "epoch": epoch.number,
                "state": epoch.state.value,
                "keys": counts.get(epoch.number, 0),
                "provider": epoch.provider,
                "handle": epoch.handle,
                "since": _when(epoch.changed_at),
                "beyond_recovery": _when(epoch.gone_at) if epoch.gone_at is not None else None,
            }
            for epoch in known.values()
        ],
        "findings": findings,
    }


def _when(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


for command in (rotate, suspend, resume, compromised, destroy, officer):
    keys.add_command(command)
