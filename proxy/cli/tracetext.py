"""A trace as text: the outcome, every rule, each condition with what it saw."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from proxy.cli.policytext import outcome_text, place_text, rule_text
from proxy.model import DISCLOSING, Effect
from proxy.policy.conditiontree import Node
from proxy.policy.rules import Rule
from proxy.policy.tracing import Atom, Trace, Traced, Value, is_error


def trace_lines(found: Trace, rules: Mapping[str, Rule], *, show_values: bool) -> Iterator[str]:
    """Yield the outcome of one field and every rule that was considered.

    Values that may be about a person are left out unless `show_values`.
    """
    question = found.question
    what = f"{question.object}.{question.field}" if question.field else f"{question.object} (the record itself)"
    category = f"  ({found.category})" if found.category else ""
    yield (
        f"{what}{category}  roles=[{', '.join(sorted(question.roles))}] purpose={question.purpose} "
        f"recipient={question.recipient} action={question.action}"
    )
    yield f"  => {_verdict(found)}{_decided_by(found, rules)}"
    if found.outcome.would:
        yield f"     audited rules would make it {found.outcome.would}"
    if not found.listed:
        yield "  the connector does not list this field, so no rule can match it"
    for kind, wins in (("grant", "most permissive wins"), ("guard", "most restrictive wins")):
        considered = [each for each in found.considered if each.rule.kind == kind]
        yield f"  {kind}s ({wins})" if considered else f"  {kind}s: none speaks about this"
        yield from _rule_lines(considered, show_values=show_values)
    yield from (f"  retention  {line}" for line in found.retention)


def _verdict(found: Trace) -> str:
    outcome = found.outcome
    if outcome.effect is Effect.DENY and found.question.action in DISCLOSING and found.question.field:
        return "ABSENT"
    return outcome_text(outcome) if outcome.mask else outcome_text(outcome).upper()


def _decided_by(found: Trace, rules: Mapping[str, Rule]) -> str:
    rule = rules.get(found.outcome.rule)
    if rule is None:
        return "   no grant opens it"
    return f"   decided by {rule.kind} {rule.id}  ({place_text(rule)})"


def _rule_lines(considered: Sequence[Traced], *, show_values: bool) -> Iterator[str]:
    effects = max((len(rule_text(each.rule)) for each in considered), default=0)
    ids = max((len(each.rule.id) for each in considered), default=0)
    for each in considered:
        sign = "✓" if each.counts else "✗"
        line = f"    {sign} {rule_text(each.rule):{effects}}  {each.rule.id:{ids}}  {place_text(each.rule)}"
        yield f"{line}  {each.because}" if each.because else line
        for atom in each.atoms:
            yield f"        {_answer(atom):5} {atom.text}{_seen(atom, show_values=show_values)}"


def _answer(atom: Atom) -> str:
    if is_error(atom.answer):
        return "error"
    return "true" if atom.answer else "false"


def _seen(atom: Atom, *, show_values: bool) -> str:
    shown = [f"{value.name} = {_value(value, show_values=show_values)}" for value in atom.values]
    return f"    [{', '.join(shown)}]" if shown else ""


def node_data(node: Node, atoms: Sequence[Atom], *, show_values: bool) -> dict[str, object]:
    """Return a condition's tree for a machine; what may be about a person is hidden unless `show_values`."""
    answer = "error" if is_error(node.answer) else node.answer
    data: dict[str, object] = {"op": node.op, "text": node.text, "answer": answer}
    if node.parts:
        data["parts"] = [node_data(part, atoms, show_values=show_values) for part in node.parts]
    if node.atom is not None:
        data["saw"] = [
            {"name": value.name, "hidden": True}
            if value.classified and not show_values
            else {"name": value.name, "value": _value(value, show_values=True)}
            for value in atoms[node.atom].values
        ]
    return data


def _value(value: Value, *, show_values: bool) -> str:
    if value.classified and not show_values:
        return "hidden, see --show-values"
    what = value.value
    if what is None:
        return "absent"
    if isinstance(what, datetime):
        return what.isoformat()
    if isinstance(what, frozenset | tuple):
        items = sorted(map(str, what)) if isinstance(what, frozenset) else map(str, what)
        return f"[{', '.join(items)}]"
    return str(what).lower() if isinstance(what, bool) else str(what)
