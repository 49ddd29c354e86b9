"""`lychgate protect`: bring what a CRM has in clear under protection, and back."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import click

from proxy import config as settings
from proxy.app import KEY_FILE
from proxy.cli.keying import CONFIG, FORM, Custody, Told, custody
from proxy.connectors import Connector
from proxy.credentials import load_credential
from proxy.crypto import Sealer, derive, read_key
from proxy.errors import LychgateError
from proxy.loading import load_all, load_issuers
from proxy.migration import Counts, Journal, Migration, walker_for
from proxy.migration.run import STATES
from proxy.model import Protection, Protections
from proxy.origins import origins
from proxy.transport import Caller
from proxy.vault.reindex import reindex

Verb = Literal["plan", "apply", "rollback"]
_LANE = click.option("--lane", required=True, help="The lane whose CRM is gone over.")
_OBJECT = click.option(
    "--object", "objects", multiple=True, help="Only this object; may be given several times."
)
_DATABASE = click.option("--database", default="", help="Of a Tryton server.")
_SPEED = click.option(
    "--per-second", type=click.FloatRange(0.1, 1000), default=None, help="Changes per second at most."
)
_ANEW = click.option("--anew", is_flag=True, help="Begin from the first page, whatever an earlier run has done.")


@click.group()
def protect() -> None:
    """Bring existing data under protection, and back."""


@protect.command()
@_LANE
@_OBJECT
@_DATABASE
@CONFIG
@FORM
@click.pass_context
def plan(ctx: click.Context, /, *, form: str, **given: Any) -> None:
    """Count what is in clear and what is protected; nothing is changed.

    What looks protected, and cannot be opened where it stands, is `unreadable`: it was moved, its key is gone,
    or it lies in clear and only looks so. Its records are named. Exit code 1 if anything is in clear that policy
    has protected, or unreadable.
    """
    counts = _run("plan", _Given(**given))
    _tell(counts, form)
    ctx.exit(1 if counts.total("clear", "unreadable") else 0)


@protect.command()
@_LANE
@_OBJECT
@_DATABASE
@_SPEED
@_ANEW
@CONFIG
@FORM
@click.pass_context
def apply(ctx: click.Context, /, *, form: str, **given: Any) -> None:
    """Protect every value that is in clear, then look again and count.

    Killed at any moment, it goes on where it was. It waits as long as the CRM asks for. What somebody else has
    changed meanwhile stays as they have it, and is counted under `changed`: run it again. With Odoo choose a
    quiet hour. Exit code 1 if anything is left in clear, was changed, or is unreadable (see `plan`).
    """
    counts = _run("apply", _Given(**given))
    _tell(counts, form)
    ctx.exit(1 if counts.total("clear", "changed", "unreadable") else 0)


@protect.command()
@_LANE
@_OBJECT
@_DATABASE
@_SPEED
@_ANEW
@CONFIG
@FORM
@click.pass_context
def rollback(ctx: click.Context, /, *, form: str, **given: Any) -> None:
    """Write protected values back in clear, then look again and count.

    Write `leaving: true` into the entries of `protect:` first, and have the policies in force: values are
    written in clear from then on, while those that are protected are still opened for clients. When nothing is
    protected any more, take the entries out. What somebody else has changed meanwhile stays as they have it, and
    is counted under `changed`: run it again. Exit code 1 if anything is left protected or
    unreadable, or was changed.
    """
    counts = _run("rollback", _Given(**given))
    _tell(counts, form)
    ctx.exit(1 if counts.total("protected", "changed", "unreadable") else 0)


@dataclass(frozen=True)
class _Given:
    """What the command line says."""

    path: Path
    lane: str
    objects: tuple[str, ...]
    database: str
    per_second: float | None = None
    anew: bool = False

    @property
    def pause(self) -> float:
        """Seconds between two changes."""
        return 1 / self.per_second if self.per_second else 0.0


def _run(verb: Verb, given: _Given) -> Counts:
    with custody(given.path) as held:
        lane = _lane(held.config, given.lane)
        connector, protections = _protections(held.config, lane)
        protections = _chosen(protections, given.objects)
        if verb == "rollback":
            _refuse_staying(protections)
        walker = walker_for(dict(connector.document), database=given.database)
        if walker is None:
            raise LychgateError(f"nobody knows how to list all records of connector {connector.name}")
        credential = load_credential(lane)
        if credential.passthrough:
            raise LychgateError(
                f"lane {lane.name} holds no credential of its own, so only its clients reach the CRM"
            )
        journal = Journal.open(held.config.state / "protect" / f"{lane.name}-{verb}.json")
        if given.anew:
            journal.close()
            journal = Journal(journal.path)
        if journal.begun:
            click.echo("an earlier run was interrupted; going on where it was (--anew begins again)", err=True)
        if verb != "plan":
            _note(held, verb, lane.name, protections)
        caller = Caller(lane.upstream.url, credential, ca_file=lane.upstream.ca_file)
        told = Told("records")
        migration = Migration(
            walker,
            caller.send,
            held.kept.vault.settle,
            protections,
            lambda _name, seen: told.step(seen),
            pause=given.pause,
        )
        try:
            counts = asyncio.run(_carry_out(migration, verb, journal, caller))
        finally:
            told.end()
        if verb == "apply":
            _mark(held, protections)
        return counts


def _mark(held: Custody, protections: Protections) -> None:
    """Have tokens found that were made before their field was searched, or by another version's rules."""
    wanted = {
        (each.connector, each.object, each.field): each.normaliser
        for fields in protections.values()
        for each in fields.values()
        if each.kind == "token" and each.normaliser
    }
    told = Told("values are marked anew")
    for marked in reindex(held.kept.vault, wanted):
        told.step(marked.done)
    told.end()


async def _carry_out(migration: Migration, verb: Verb, journal: Journal, caller: Caller) -> Counts:
    try:
        if verb == "plan":
            return await migration.plan()
        counts = await (migration.apply if verb == "apply" else migration.rollback)(journal)
        journal.close()
        return counts
    finally:
        caller.close()


def _lane(config: settings.Config, name: str) -> settings.Lane:
    for lane in config.lanes:
        if lane.name == name:
            return lane
    known = ", ".join(lane.name for lane in config.lanes)
    raise click.UsageError(f"there is no lane {name!r}; there are: {known}")


def _protections(config: settings.Config, lane: settings.Lane) -> tuple[Connector, Protections]:
    """Return the lane's connector and what its policies protect there."""
    sealer = Sealer(derive(read_key(config.state / KEY_FILE), "continuation"))
    rules, _ = load_all(origins(config), sealer, load_issuers(config))
    found = rules[lane.name]
    return found.connector, found.protections


def _chosen(protections: Protections, objects: tuple[str, ...]) -> Protections:
    if not protections:
        raise LychgateError("the policies protect no field of this CRM: write protect: into a Policy document")
    if unknown := sorted({*objects} - protections.keys()):
        known = ", ".join(sorted(protections))
        raise click.UsageError(f"no field of {unknown[0]!r} is protected; there are: {known}")
    return {name: fields for name, fields in protections.items() if not objects or name in objects}


def _refuse_staying(protections: Protections) -> None:
    staying = sorted({_rule(each) for fields in protections.values() for each in fields.values()} - {""})
    if staying:
        raise LychgateError(
            f"{', '.join(staying)} would protect again what clients write meanwhile: write leaving: true into "
            "these entries, have the policies in force, and run this again"
        )


def _rule(protection: Protection) -> str:
    return "" if protection.leaving else protection.rule


def _note(held: Custody, verb: Verb, lane: str, protections: Mapping[str, Mapping[str, Protection]]) -> None:
    """Write down what is about to be done."""
    fields = sum(len(each) for each in protections.values())
    detail = f"lane={lane} objects={len(protections)} fields={fields}"
    held.note("values_protected" if verb == "apply" else "values_revealed", detail)


def _tell(counts: Counts, form: str) -> None:
    if changed := counts.total("changed"):
        click.echo(f"{changed:,} values were changed meanwhile, and left as they are: run it again", err=True)
    if form == "json":
        named = [{"object": name, "record": key, "field": field} for name, key, field in counts.unreadable]
        click.echo(json.dumps({"values": counts.found, "unreadable": named}))
        return
    width = max([len(name) for name in counts.found] or [5])
    click.echo("  ".join(["field".ljust(width), *(state.rjust(10) for state in STATES)]))
    for name, row in sorted(counts.found.items()):
        click.echo("  ".join([name.ljust(width), *(f"{row[state]:,}".rjust(10) for state in STATES)]))
    for name, key, field in counts.unreadable:
        click.echo(f"unreadable: {name} {key} {field}")
