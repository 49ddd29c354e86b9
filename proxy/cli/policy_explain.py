"""`lychgate policy explain`: why one field comes out as it does, and what it would take."""

import json
from collections.abc import Iterator
from pathlib import Path

import click

from proxy.cli import policytext as text
from proxy.cli.policyset import (
    ACTIONS,
    checked_set,
    connector_of,
    connector_option,
    declared,
    format_option,
    policies_option,
    recorded,
    split_target,
    usable_set,
)
from proxy.cli.tracetext import node_data, trace_lines
from proxy.ledger import verify as judge
from proxy.model import Access, Action, Principal, Purpose
from proxy.policy import PolicySet
from proxy.policy.explain import Question, explain
from proxy.policy.plan.replay import replay
from proxy.policy.testing import Case
from proxy.policy.testing.running import access_of
from proxy.policy.tracing import trace
from proxy.policy.whynot import Way, why_not


@click.command("explain")
@click.argument("target", metavar="OBJECT[.FIELD]", required=False)
@click.option("--role", "roles", multiple=True, help="May be given several times.")
@click.option("--purpose", help="What the data is for.")
@click.option("--recipient", help="The organisation that gets the data.")
@click.option("--action", "word", type=ACTIONS, default=Action.READ.value, show_default=True)
@click.option("--record", help="A record of the set's tests, whose attributes conditions look at.")
@click.option("--caller", help="A caller of the set's tests, in place of --role and --recipient.")
@click.option("--why-not", "why", is_flag=True, help="Say what would have to be otherwise for it to be allowed.")
@click.option("--show-values", is_flag=True, help="Print values that may be about a person too.")
@click.option("--decision", metavar="ID", help="A decision in the ledger, in place of OBJECT and all the rest.")
@click.option(
    "--ledger",
    envvar="LYCHGATE_LEDGER",
    default="state/ledger",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
)
@connector_option
@policies_option
@format_option
def show_explanation(
    *,
    target: str | None,
    roles: tuple[str, ...],
    purpose: str | None,
    recipient: str | None,
    word: str,
    record: str | None,
    caller: str | None,
    why: bool,
    show_values: bool,
    decision: str | None,
    ledger: Path,
    connector: str | None,
    folder: Path,
    form: str,
) -> None:
    """Say what policy makes of one field, and every grant and guard that was considered.

    Without FIELD, the record itself: what a delete or an export is about.
    """
    policies = usable_set(folder)
    if decision is not None:
        for line in _decision(policies, ledger, decision):
            click.echo(line)
        return
    if target is None or purpose is None:
        raise click.UsageError("give OBJECT[.FIELD] and --purpose, or --decision")
    declared("purpose", purpose, policies.purposes)
    name, field = split_target(policies, target)
    crm = connector_of(policies, name, connector)
    who, known = _asker(folder, policies, roles, recipient, caller=caller, record=record, about=(crm, name))
    question = Question(crm, name, field, Action(word), who.roles, purpose, who.recipient.name)
    if known is not None and (known.connector, known.object) != (crm, name):
        raise click.UsageError(f"record {record} is of {known.object}, not of {name}")
    facts = known.facts if known is not None else None
    now = known.now if known is not None else policies.now()
    policies = policies.as_of(now)
    access = Access(who, Purpose(purpose), Action(word), name, facts, now)
    if form == "json":
        data = _data(policies, question, access, show_values=show_values)
        if why:
            data["why_not"] = _why_not_data(why_not(policies, question, access))
        click.echo(json.dumps(data, indent=2))
        return
    rules = {rule.id: rule for rule in policies.rules}
    if known is None:
        for line in text.explanation_lines(question, explain(policies, question), rules):
            click.echo(line)
    else:
        for line in trace_lines(trace(policies, question, access), rules, show_values=show_values):
            click.echo(line)
    for line in _why_not(policies, question, access) if why else ():
        click.echo(line)


def _asker(
    folder: Path,
    policies: PolicySet,
    roles: tuple[str, ...],
    recipient: str | None,
    *,
    caller: str | None,
    record: str | None,
    about: tuple[str, str],
) -> tuple[Principal, Case | None]:
    """Return who asks and a test about the record, where one is named."""
    cases = checked_set(folder)[0].tests if caller or record else ()
    known = None
    if record is not None:
        declared("record of a test", record, {case.record: 1 for case in cases})
        # Documents of tests name their records for themselves, so that several may have one of this name.
        named = [case for case in cases if case.record == record]
        known = next((case for case in named if (case.connector, case.object) == about), named[0])
    if caller is not None:
        declared("caller of a test", caller, {case.caller: 1 for case in cases})
        near = [case for case in cases if case.caller == caller]
        file = known.place.rsplit(":", 2)[0] if known else ""
        near.sort(key=lambda case: case.place.rsplit(":", 2)[0] != file)
        return access_of(near[0]).principal, known
    if not roles or recipient is None:
        raise click.UsageError("give --role and --recipient, or --caller")
    for role in roles:
        declared("role", role, policies.roles)
    declared("recipient", recipient, policies.recipients)
    return Principal("explain", "", frozenset(roles), policies.recipients[recipient]), known


def _data(policies: PolicySet, question: Question, access: Access, *, show_values: bool) -> dict[str, object]:
    """Return an explanation for a machine; values that may be about a person only with `show_values`."""
    found = explain(policies, question)
    traced = trace(policies, question, access)
    asked = {each.rule.id: each for each in traced.considered}
    considered = [
        {
            "rule": each.rule.id,
            "kind": each.rule.kind,
            "effect": text.rule_text(each.rule),
            "applies": each.counts,
            "because": each.because,
            "place": each.rule.place,
            "matches": asked[each.rule.id].counts,
            "conditions": [
                node_data(one.tree, one.atoms, show_values=show_values) for one in asked[each.rule.id].conditions
            ],
        }
        for each in found.considered
    ]
    outcome = found.outcome if access.facts is None else traced.outcome
    return {
        "outcome": text.outcome_text(outcome),
        "rule": outcome.rule,
        "category": found.category,
        "considered": considered,
        "retention": list(found.retention),
    }


def _why_not(policies: PolicySet, question: Question, access: Access) -> Iterator[str]:
    needs = why_not(policies, question, access)
    if needs is None:
        yield "  no grant for this field allows it: somebody would have to write one"
    elif not needs[0]:
        yield "  it is allowed"
    else:
        for at, way in enumerate(needs):
            yield "  or if" if at else "  it would be allowed if"
            for need in way:
                yield f"    {need.rule.kind} {need.rule.id}  {text.place_text(need.rule)}  {need.what}"


def _why_not_data(ways: tuple[Way, ...] | None) -> list[list[dict[str, str]]] | None:
    """Return the smallest sets of changes; one empty set: it is allowed; None: no grant allows it to anybody."""
    if ways is None:
        return None
    return [
        [
            {"rule": need.rule.id, "kind": need.rule.kind, "place": need.rule.place, "what": need.what}
            for need in way
        ]
        for way in ways
    ]


def _decision(policies: PolicySet, ledger: Path, wanted: str) -> Iterator[str]:
    """Yield what the ledger has of a decision, and what comes out when it is made again."""
    try:
        entries = [entry for entry in recorded(ledger) if entry.get("id") == wanted]
    except (judge.NotALedger, OSError) as error:
        raise click.UsageError(f"{ledger}: {error}") from None
    if not entries:
        raise click.UsageError(f"{ledger} has no decision {wanted}")
    places = {rule.id: text.place_text(rule) for rule in policies.rules}
    for entry in entries:
        yield f"{entry.get('kind')}  {entry.get('reason', '')}".rstrip()
        for key in ("client", "roles", "purpose", "recipient", "connector", "operations", "fields", "would"):
            if entry.get(key):
                yield f"  {key}: {_listed(entry[key])}"
        ids = entry.get("rules")
        for each in ids if isinstance(ids, list) else ():
            yield f"  decided by {each}  {places.get(str(each), 'not in these policies')}"
        if entry.get("policy"):
            same = str(entry["policy"]).split(" ")[0] == policies.digest
            yield f"  by the policies {'given here' if same else 'of another digest: ' + str(entry['policy'])}"
    again = replay(entries, policies, policies.now().date())
    for reason, number in again.not_replayable.items():
        yield f"cannot be made again: {number} of {again.decisions}, {reason}"
    for way in again.ways:
        yield f"made again: {way.what} {way.was} -> {way.now}  {places.get(way.rule, '')}".rstrip()
    if not again.ways and again.replayable:
        yield "made again: the same"


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
