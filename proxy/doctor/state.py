"""What lies in the state folder, and what policies and lanes make of it."""

import os
import shutil
from collections.abc import Iterator
from typing import Final

from proxy import config as settings
from proxy.app import KEY_FILE, refuse_exposed
from proxy.credentials import load_credential
from proxy.crypto import Sealer, derive, read_key
from proxy.doctor.finding import Finding, fail, ok, warn
from proxy.errors import Problems, Unavailable
from proxy.exchange import Rules
from proxy.ledger.verify import NotALedger, verify
from proxy.loading import load_all, load_issuers
from proxy.origins import origins

LITTLE: Final = 1 << 30
"""Bytes: sixteen segments of the ledger. A ledger that cannot be written refuses all traffic."""


def state_folder(config: settings.Config) -> Iterator[Finding]:
    """Look at who may read and replace the state."""
    if not config.state.is_dir():
        yield fail("state", f"{config.state} is missing", "make it with `lychgate init`")
        return
    try:
        refuse_exposed(config)
    except Problems as error:
        for problem in error.problems:
            yield fail("state", f"{problem.file}: open to others", problem.message.partition(": ")[2])
        return
    yield ok("state", f"{config.state} can be changed by its owner only")


def room(config: settings.Config) -> Iterator[Finding]:
    """Look at how much the ledger can still grow."""
    if not config.state.is_dir():
        return
    free = shutil.disk_usage(config.state).free
    say = f"{free / (1 << 30):.1f} GiB free for the ledger"
    if free < LITTLE:
        yield warn("state", say, "make room: when it is full, all traffic is refused")
    else:
        yield ok("state", say)


def keys(config: settings.Config) -> Iterator[Finding]:
    """Look at whether the key can be read, and by nobody else."""
    path = config.state / KEY_FILE
    try:
        read_key(path)
    except Unavailable as error:
        do = {
            "key_unreadable": "restore it from its backup; a new one could not open what the old one sealed",
            "key_exposed": f"chmod 600 {path}",
        }
        yield fail("keys", f"{path}: {error.reason}", do.get(error.reason, "restore it from its backup"))
        return
    yield ok("keys", f"{path} can be used, by its owner only")


def policies(config: settings.Config) -> Iterator[Finding]:
    """Look at whether the policies load, pass their own tests, and register anybody who can come in."""
    # A key of zeros seals nothing here: loading needs one, and whether the real one is there is told elsewhere.
    sealer = Sealer(derive(bytes(32), "continuation"))
    try:
        rules, _ = load_all(origins(config), sealer, load_issuers(config))
    except Problems as error:
        say = f"{len(error.problems)} problems, the first: {error.problems[0]}"
        yield fail("policies", say, "lychgate policy check says all of them, with the lines around")
        return
    for name, found in rules.items():
        yield from _callers(f"lane {name}", found, trusts=bool(config.issuers))


def _callers(part: str, rules: Rules, *, trusts: bool) -> Iterator[Finding]:
    clients = rules.policies.clients
    say = f"{len(rules.policies.rules)} rules, {len(clients)} clients, digest {rules.policies.digest[:19]}"
    yield ok(part, f"policies load and pass their own tests: {say}")
    if not clients:
        yield fail(part, "no client is registered: everybody is refused", "lychgate client key NAME")
        return
    shut = [
        name for name, each in clients.items() if not (each.key_digests or each.sans or (each.jwt and trusts))
    ]
    if len(shut) == len(clients):
        yield fail(part, "no client has a way to prove who it is", "lychgate client key NAME")
    elif shut:
        say = f"cannot come in, having neither key nor certificate nor trusted issuer: {', '.join(sorted(shut))}"
        yield warn(part, say, "lychgate client key NAME, or take the client out of the vocabulary")


def credential(lane: settings.Lane) -> Iterator[Finding]:
    """Look at whether there is something to show the CRM."""
    part = f"lane {lane.name}"
    try:
        held = load_credential(lane)
    except Problems as error:
        (problem,) = error.problems
        yield fail(part, f"{problem.file}: no usable credential", problem.message)
        return
    if held.passthrough:
        yield warn(
            part,
            "clients show the CRM credentials of their own",
            "with a credential that only Lychgate holds, nobody could go round it",
        )
    else:
        yield ok(part, "has a credential for its CRM")


def ledger(config: settings.Config) -> Iterator[Finding]:
    """Read the whole ledger, as an auditor would."""
    folder = config.state / "ledger"
    if not folder.is_dir() or not any(folder.iterdir()):
        yield ok("ledger", "empty: nothing has happened yet")
        return
    if not os.access(folder, os.W_OK):
        yield fail("ledger", f"{folder} cannot be written", "give it to the user who runs the proxy")
    try:
        report = verify(folder)
    except NotALedger as error:
        yield fail("ledger", f"{folder}: {error}", "keep the folder as it is and find out who changed it")
        return
    if report.problem_count:
        do = "keep a copy, and find out who or what changed it: lychgate audit verify"
        yield fail("ledger", f"{report.problem_count} problems, the first: {report.problems[0]}", do)
    else:
        yield ok("ledger", f"{report.entries:,} entries in {report.segments} segments, whole")
