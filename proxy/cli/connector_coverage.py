"""`lychgate connector list` and `coverage`: which CRMs there are words for, and what of each is let through."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import click

from proxy.cli.policyset import format_option, policies_option, usable_set
from proxy.cli.policytext import NOTHING, counted, visible
from proxy.connectors import Connector
from proxy.connectors.coverage import Endpoint, endpoints
from proxy.errors import Problems
from proxy.loading import load_connectors
from proxy.model import DISCLOSING, QUERYING, Action
from proxy.policy import PolicySet
from proxy.policy.gather import gather
from proxy.policy.rules import Rule

INSPECTED: Final = "inspected"
DENIED: Final = "denied by default"
WAIVED: Final = "inspected, by waiver too"
ORACLES: Final = frozenset({"LG115", "LG135"})
"""Warnings of queries by what a caller may not see; whoever waives one lets such queries through."""


@dataclass(frozen=True, slots=True)
class Waived:
    """A rule that lets callers query by what they may not see, since somebody answers for that."""

    rule: str
    code: str
    because: str
    until: date


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    connector: str
    endpoint: Endpoint
    roles: tuple[str, ...] = ()
    """Roles to which a grant opens something of what the endpoint does."""
    waived: tuple[Waived, ...] = ()

    @property
    def state(self) -> str:
        """What becomes of a request."""
        if not self.endpoint.inspected:
            return DENIED
        return WAIVED if self.waived else INSPECTED


@click.command("list")
@policies_option
@format_option
def listing(folder: Path, form: str) -> None:
    """Say which connectors there are, and how much each knows."""
    rows = [_known(name, found) for name, found in sorted(_connectors(folder).items())]
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
        return
    for row in rows:
        counts = (counted(number, what[:-1]) for what, number in row.items() if isinstance(number, int))
        click.echo(f"{row['connector']:<14}{', '.join(counts)}")


def _known(name: str, connector: Connector) -> dict[str, str | int]:
    return {
        "connector": name,
        "endpoints": sum(each.inspected for each in endpoints(connector)),
        "objects": len(connector.catalogue),
        "fields": sum(len(spec.fields) for spec in connector.catalogue.values()),
    }


@click.command("coverage")
@click.argument("names", metavar="[CONNECTOR]...", nargs=-1)
@policies_option
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "markdown"]), default="text", show_default=True
)
def coverage(names: Sequence[str], folder: Path, form: str) -> None:
    """Say for each endpoint of each CRM whether it is inspected, and for whom anything comes of it.

    What is not in the table is denied by default. Nothing is let through without being looked at: a waiver only
    lets callers query by fields of which they may not see the values, where a rule of the policy set opens that
    and somebody has waived the warning about it.
    """
    policies, connectors = usable_set(folder), _connectors(folder)
    for name in names:
        if name not in connectors:
            raise click.UsageError(f'there is no connector "{name}"; there are {", ".join(sorted(connectors))}')
    waivers = _waivers(folder, policies.now().date())
    rows = [
        _row(name, endpoint, found, policies, waivers)
        for name, found in sorted(connectors.items())
        if not names or name in names
        for endpoint in endpoints(found)
    ]
    match form:
        case "json":
            click.echo(json.dumps([_plain(row) for row in rows], indent=2))
        case "markdown":
            click.echo("\n".join(_markdown(rows)))
        case _:
            click.echo("\n".join(_text(rows)))


def _connectors(folder: Path) -> Mapping[str, Connector]:
    try:
        return load_connectors(folder, None)
    except Problems as error:
        raise click.UsageError(str(error)) from None


# ---- what the policy set makes of an endpoint --------------------------------------------------------------


def _row(
    name: str, endpoint: Endpoint, connector: Connector, policies: PolicySet, waivers: Mapping[str, list[Waived]]
) -> Row:
    objects = endpoint.objects or tuple(connector.catalogue)
    giving = [
        (action, rule)
        for action in endpoint.actions
        for rule in _rules(policies, name, objects, action)
        if rule.gives and rule.in_force(policies.now().date())
    ]
    opening = (rule for action, rule in giving if action in endpoint.own)
    roles = {role for rule in opening for role in rule.callers.roles or policies.roles}
    queried = [rule.id for action, rule in giving if action in QUERYING]
    if queried:  # then a guard that hides records tells by its refusals which they are, if that was waived
        queried += [rule.id for action in DISCLOSING for rule in _rules(policies, name, objects, action)]
    waived = (each for one in dict.fromkeys(queried) for each in waivers.get(one, ()))
    return Row(name, endpoint, tuple(sorted(roles)), tuple(sorted(waived, key=lambda each: each.rule)))


def _rules(policies: PolicySet, connector: str, objects: Iterable[str], action: Action) -> Iterator[Rule]:
    for name in objects:
        yield from (each.rule for each in policies.reach(connector, name, action) if not each.rule.copied)


def _waivers(folder: Path, today: date) -> Mapping[str, list[Waived]]:
    """Return by rule what somebody has waived of the warnings of queries by what is hidden.

    A waiver at the top of a document is about each rule in it.
    """
    found: dict[str, list[Waived]] = {}
    for _, document in gather(folder).policies:
        for code, rules in (("LG115", document.grants), ("LG135", document.guards)):
            for rule in rules:
                found[rule.id] = [
                    Waived(rule.id, code, each.because, each.until)
                    for each in (*document.waive, *rule.waive)
                    if each.code == code and today <= each.until
                ]
    return found


# ---- writing -----------------------------------------------------------------------------------------------


def _plain(row: Row) -> dict[str, object]:
    endpoint = row.endpoint
    return {
        "connector": row.connector,
        "method": endpoint.method,
        "path": endpoint.path,
        "call": endpoint.call,
        "state": row.state,
        "actions": [action.value for action in endpoint.actions],
        "objects": list(endpoint.objects),
        "because": endpoint.because,
        "roles": list(row.roles),
        "waivers": [
            {"rule": each.rule, "code": each.code, "because": each.because, "until": each.until.isoformat()}
            for each in row.waived
        ],
    }


def _text(rows: Sequence[Row]) -> Iterator[str]:
    for name in dict.fromkeys(row.connector for row in rows):
        yield name
        for row in rows:
            if row.connector == name:
                yield from _lines(row)
        yield f"  {'everything else':<66} {DENIED}"
        yield ""


def _lines(row: Row) -> Iterator[str]:
    endpoint = row.endpoint
    what = f"{endpoint.method:<6} {endpoint.path}{f' {endpoint.call}' if endpoint.call else ''}"
    yield f"  {visible(what):<66} {row.state}"
    if not endpoint.inspected:
        yield f"         {visible(endpoint.because)}"
        return
    about = f" of {', '.join(endpoint.objects)}" if endpoint.objects else ""
    yield f"         {', '.join(endpoint.actions)}{about}; open to {', '.join(row.roles) or 'nobody'}"
    for each in row.waived:
        yield f"         waived until {each.until}: {each.code} of {each.rule}: {visible(each.because)}"


def _markdown(rows: Sequence[Row]) -> Iterator[str]:
    yield from _HEAD
    for name in dict.fromkeys(row.connector for row in rows):
        yield f"## {name}"
        yield ""
        yield "| endpoint | | what it does, or why not | open to |"
        yield "|---|---|---|---|"
        for row in rows:
            if row.connector == name:
                yield _cells(row)
        yield f"| everything else | {DENIED} | nothing here has a word for it | {NOTHING} |"
        yield ""


def _cells(row: Row) -> str:
    endpoint = row.endpoint
    what = f"`{endpoint.method} {endpoint.path}`" + (f" `{endpoint.call}`" if endpoint.call else "")
    about = f" of {', '.join(f'`{each}`' for each in endpoint.objects)}" if endpoint.objects else ""
    does = ", ".join(endpoint.actions) + about if endpoint.inspected else endpoint.because
    waived = "".join(f"; {each.code} of `{each.rule}` waived until {each.until}" for each in row.waived)
    cells = (what, row.state, does + waived, ", ".join(row.roles) or NOTHING)
    return f"| {' | '.join(visible(each).replace('|', chr(92) + '|') for each in cells)} |"


_HEAD: Final = (
    "# What is covered, endpoint by endpoint",
    "",
    "Written by `lychgate connector coverage --format markdown` from the connectors in this folder and the",
    "policy set beside it; a test compares it with what that says today.",
    "",
    "* **inspected**: a request is taken apart, judged field by field and written anew, and so is its answer.",
    "  Who gets anything of it is for the policy set to say: *open to* names the roles that some grant opens",
    "  some of it to.",
    "* **denied by default**: refused, whoever asks, and counted. Some endpoints are named because people look",
    "  for them; what is in no table is denied as well.",
    "* **inspected, by waiver too**: callers may query by fields whose values they may not see, because a rule",
    "  opens that and somebody waived the warning about it (LG115, LG135). There is no other waiver: nothing is",
    "  ever let through without being looked at.",
    "",
)
