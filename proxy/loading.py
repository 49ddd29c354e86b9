"""Reads what is enforced on each lane: policies, connectors, issuers; all of it checked, or none of it.

`load_all` for all lanes: what they share is read once (`load_set`), and each has rules of its own (`rules_of`).
Commands that need connectors alone call `load_connectors`.
"""

import shutil
import time
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from proxy import config as settings
from proxy.connectors import Connector, load_connector
from proxy.crypto import Sealer
from proxy.errors import Problem, Problems
from proxy.exchange import Rules
from proxy.identity import Identifier, Issuer, JwksKeys
from proxy.origins import Origin
from proxy.policy import PolicySet, check_policies
from proxy.rehearsal import rehearse
from proxy.transforms import Redactors, check_mask


def load_all(
    found: tuple[Origin, ...],
    sealer: Sealer,
    issuers: Mapping[str, Issuer],
    frozen: Container[str] = frozenset(),
    *,
    standins: bytes | None = None,
    copies: Path | None = None,
) -> tuple[dict[str, Rules], tuple[str, ...]]:
    """Return the rules of every lane, freshly read, and how far each origin has come.

    Args:
        found: where policies come from.
        sealer: seals what a client brings back.
        issuers: who may sign tokens.
        frozen: who is stopped; may change while the rules are in force.
        standins: the key that stand-ins for recipients are made with; None: none are made.
        copies: an empty folder that gets what was read of the first origin as `0`, and so on.

    Raises:
        Problems: something is wrong in one of the origins.
    """
    rules: dict[str, Rules] = {}
    positions: list[str] = []
    for number, origin in enumerate(found):
        with origin.source.opened() as opened:
            if copies is not None:
                shutil.copytree(opened.folder, copies / str(number), ignore=shutil.ignore_patterns(".*"))
            read = load_set(opened.folder, sealer)
            rules |= rules_of(read, origin.lanes, issuers, frozen, standins=standins, commit=opened.commit)
        positions.append(opened.position)
    lanes = [lane for origin in found for lane in origin.lanes]
    _refuse_mixed(lanes, rules)
    _refuse_unseen(lanes, rules)
    return rules, tuple(positions)


def _refuse_unseen(lanes: Iterable[settings.Lane], rules: Mapping[str, Rules]) -> None:
    """Return if records can be looked at wherever policy has a withdrawn consent followed up.

    Raises:
        Problems: on some lane nobody has a credential for that.
    """
    problems = [
        Problem(
            f"lane {lane.name}", 0, 0, "LG209",
            f"policies follow up withdrawn consents here ({', '.join(names)}), and look at records for that: "
            "give the lane a credential of its own, or leave its connector out of `withdrawals`",
        )
        for lane in lanes
        if lane.credential.passthrough and (names := _withdrawals(rules[lane.name]))
    ]  # fmt: skip
    if problems:
        raise Problems(problems)


def _withdrawals(rules: Rules) -> list[str]:
    """Return the rules that are about some object of a lane's connector."""
    name, objects = rules.connector.name, rules.connector.catalogue
    return [
        each.id for each in rules.policies.erasing.withdrawals if any(each.admits(name, it) for it in objects)
    ]


def _refuse_mixed(lanes: Iterable[settings.Lane], rules: Mapping[str, Rules]) -> None:
    """Return if no two CRMs share what is kept of protected values: their records have the same ids.

    Raises:
        Problems: two lanes may be two CRMs, and nobody has said which.
    """
    together: dict[str, list[settings.Lane]] = {}
    for lane in lanes:
        together.setdefault(rules[lane.name].place, []).append(lane)
    problems = []
    for first, *others in together.values():
        if any(rules[lane.name].protections for lane in (first, *others)):
            problems += [_mixed(first, lane) for lane in others if first.crm is None and _differ(first, lane)]
    if problems:
        raise Problems(problems)


def _differ(one: settings.Lane, other: settings.Lane) -> bool:
    return (one.upstream.url, one.credential) != (other.upstream.url, other.credential)


def _mixed(first: settings.Lane, lane: settings.Lane) -> Problem:
    message = (
        f"lanes {first.name} and {lane.name} share connector {lane.connector}, and policies protect its fields: "
        "if they are two CRMs, write crm: with a name into the newer one, so that a record of one is not taken "
        "for a record of the other; if they are one, write the same crm: into both"
    )
    return Problem(f"lane {lane.name}", 0, 0, "LG208", message)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one folder says, for whatever lane."""

    folder: Path
    connectors: Mapping[str, Connector]
    policies: PolicySet


def load_set(folder: Path, sealer: Sealer, *, rehearsed: bool = False) -> Loaded:
    """Return what a folder says, freshly read.

    Args:
        folder: with the policies and connectors.
        sealer: seals what a client brings back.
        rehearsed: the set's own tests have passed, in another process.

    Raises:
        Problems: something in the folder is wrong, or one of the set's own tests fails.
    """
    connectors = load_connectors(folder, sealer)
    return Loaded(folder, connectors, load_tested(folder, connectors, rehearsed=rehearsed))


def rules_of(
    loaded: Loaded,
    lanes: Iterable[settings.Lane],
    issuers: Mapping[str, Issuer],
    frozen: Container[str] = frozenset(),
    *,
    standins: bytes | None = None,
    commit: str = "",
) -> dict[str, Rules]:
    """Return all that is enforced on some lanes, by their names.

    Args:
        loaded: what was read.
        lanes: which ones.
        issuers: who may sign tokens.
        frozen: who is stopped.
        standins: the key that stand-ins for recipients are made with.
        commit: of what was read; "": it is no commit.

    Raises:
        Problems: there is no such connector as a lane names.
    """
    return {
        lane.name: replace(_rules_of(loaded, lane, issuers, frozen, standins), commit=commit) for lane in lanes
    }


def _rules_of(
    loaded: Loaded,
    lane: settings.Lane,
    issuers: Mapping[str, Issuer],
    frozen: Container[str],
    standins: bytes | None,
) -> Rules:
    connectors, policies = loaded.connectors, loaded.policies
    if lane.connector not in connectors:
        where = str(loaded.folder / "connectors")
        raise Problems([Problem(where, 0, 0, "LG101", unknown_connector(lane, connectors))])
    identifier = Identifier(policies.clients, issuers, now=time.time, frozen=frozen)
    connector = connectors[lane.connector]
    redactors = Redactors(connector.catalogue, standins if policies.has_standins else None)
    return Rules(connector, identifier, policies, redactors, crm=lane.crm or "")


def load_tested(folder: Path, connectors: Mapping[str, Connector], *, rehearsed: bool = False) -> PolicySet:
    """Return the policy set of a folder, which has passed its own tests.

    Raises:
        Problems: it has errors, or one of its tests fails.
    """
    catalogues = {name: found.catalogue for name, found in connectors.items()}
    checked = check_policies(folder, catalogues, check_mask=check_mask, connectors=documents(connectors))
    if checked.policies is None:
        raise Problems(checked.problems)
    if not rehearsed and (failed := rehearse(checked, catalogues)):
        raise Problems(failed)
    return checked.policies


def documents(connectors: Mapping[str, Connector]) -> dict[str, object]:
    """Return all that each connector's file says, by name: what is asked of a CRM decides as much as a rule."""
    return {name: found.document for name, found in connectors.items()}


def load_connectors(folder: Path, sealer: Sealer | None) -> dict[str, Connector]:
    """Return every connector in `folder/connectors`, by name; hidden files are left out.

    Raises:
        Problems: those of all files at once; also two connectors of one name, of which none may win (LG107).
    """
    found: dict[str, Connector] = {}
    problems: list[Problem] = []
    for path in sorted((folder / "connectors").glob("*.yaml")):
        if path.name.startswith("."):
            continue
        try:
            connector = load_connector(path, sealer=sealer)
        except Problems as error:
            problems += error.problems
            continue
        first = found.setdefault(connector.name, connector)
        if first is not connector:
            problems.append(_named_twice(connector, first))
    if problems:
        raise Problems(problems)
    return found


def _named_twice(connector: Connector, first: Connector) -> Problem:
    file, line, column = connector.where.rsplit(":", 2)
    message = f'connector "{connector.name}" stands twice; keep one'
    return Problem(file, int(line), int(column), "LG107", message, first.where)


def unknown_connector(lane: settings.Lane, connectors: Mapping[str, Connector]) -> str:
    """Say what a lane's connector could have been called."""
    known = ", ".join(sorted(connectors)) or "none"
    return f"lane {lane.name} names connector {lane.connector!r}; the folder has: {known}"


def load_issuers(config: settings.Config) -> dict[str, Issuer]:
    """Return the trusted issuers with their key sets, shared by every policy set that is ever in force.

    Raises:
        Problems: an issuer cannot be used as it is written.
    """
    try:
        return {name: _issuer(name, one) for name, one in config.issuers.items()}
    except (ValueError, OSError) as error:
        raise Problems([Problem("lychgate.yaml", 0, 0, "LG203", f"issuers: {error}")]) from None


def _issuer(name: str, one: settings.Issuer) -> Issuer:
    if one.jwks_file is not None:
        keys = JwksKeys.from_file(one.jwks_file, name=name)
    else:
        keys = JwksKeys.from_url(one.jwks_url or "", ca_file=one.ca_file, name=name)
    return Issuer(
        name=name,
        issuer=one.issuer,
        audience=one.audience,
        algorithms=frozenset(one.algorithms),
        keys=keys,
        roles_claim=one.roles_claim,
        role_map=dict(one.role_map),
        subject_claim=one.subject_claim,
        leeway=one.leeway_seconds,
        max_lifetime=one.max_lifetime_seconds,
    )
