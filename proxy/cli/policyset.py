"""What every `lychgate policy` command needs: the set in a folder, checked, and the names in it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from proxy.cli import policytext as text
from proxy.errors import Problem, Problems
from proxy.ledger.verify import read_entries
from proxy.loading import documents, load_connectors
from proxy.message import RECORD_ITSELF
from proxy.model import Action, Catalogue
from proxy.policy import Checked, PolicySet, check_policies
from proxy.policy.gather import gather
from proxy.transforms import check_mask
from proxy.yamlfile import nearest

FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
ACTIONS = click.Choice([action.value for action in Action])

policies_option = click.option(
    "--policies", "folder", default="policies", show_default=True, type=FOLDER, help="The policy set."
)
format_option = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
connector_option = click.option("--connector", help="Which CRM, where several have an object of this name.")


def checked_set(folder: Path) -> tuple[Checked, tuple[Problem, ...]]:
    """Return what checking found; with a broken connector, its problems and those of shape only."""
    try:
        gathered = gather(folder)
    except Problems as error:
        raise click.UsageError(str(error)) from None
    try:
        connectors = load_connectors(folder, None)
    except Problems as error:
        problems = tuple(sorted({*error.problems, *gathered.problems}))
        return Checked(None, problems, gathered.files, 0, 0, 0), problems
    catalogues: Mapping[str, Catalogue] = {name: found.catalogue for name, found in connectors.items()}
    checked = check_policies(folder, catalogues, check_mask=check_mask, connectors=documents(connectors))
    return checked, checked.problems


def usable_set(folder: Path) -> PolicySet:
    """Return the set of a folder; a usage error if it cannot be put in force."""
    checked, problems = checked_set(folder)
    if checked.policies is None:
        raise click.UsageError(
            f"{folder} has {text.counted(sum(p.severity == 'error' for p in problems), 'error')}; "
            "see lychgate policy check"
        )
    return checked.policies


def questions(policies: PolicySet, purpose: str | None, recipient: str | None) -> list[tuple[str, str]]:
    """Return the pairs of purpose and recipient to show."""
    if purpose is not None:
        declared("purpose", purpose, policies.purposes)
    if recipient is not None:
        declared("recipient", recipient, policies.recipients)
    if purpose is not None and recipient is not None:
        return [(purpose, recipient)]
    registered = {
        (why, client.recipient.name) for client in policies.clients.values() for why in client.purposes
    }
    pairs = registered or {(why, who) for why in policies.purposes for who in policies.recipients}
    return sorted(
        (why, who)
        for why, who in pairs
        if (purpose is None or why == purpose) and (recipient is None or who == recipient)
    )


def split_target(policies: PolicySet, target: str) -> tuple[str, str]:
    """Return object and field; an object's own name may have a dot in it."""
    if any(target in catalogue for catalogue in policies.catalogues.values()):
        return target, RECORD_ITSELF
    name, _, field = target.rpartition(".")
    return name or target, field if name else RECORD_ITSELF


def connector_of(policies: PolicySet, name: str, connector: str | None) -> str:
    """Return the connector that has object `name`; a usage error if it is none, or not one."""
    if connector is not None:
        declared("connector", connector, policies.catalogues)
        declared("object", name, policies.catalogues[connector])
        return connector
    having = [crm for crm, catalogue in policies.catalogues.items() if name in catalogue]
    if len(having) > 1:
        raise click.UsageError(f"{name} is an object of {' and '.join(having)}: give --connector")
    if not having:
        declared("object", name, {each: 1 for found in policies.catalogues.values() for each in found})
    return having[0]


def declared(what: str, name: str, known: Mapping[str, object]) -> None:
    """Return only if a name is known; else a usage error with the near word."""
    if name not in known:
        raise click.UsageError(f'unknown {what} "{name}"{nearest(name, known)}')


def recorded(ledger: Path) -> Iterator[Mapping[str, object]]:
    """Yield the entries of a ledger, oldest first, unverified; what is no entry is left out.

    Raises:
        NotALedger: there is none, or it cannot be read.
    """
    for _, _, line in read_entries(ledger):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            yield entry
