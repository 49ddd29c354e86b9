"""What a reviewer would ask about a set in which nothing is wrong."""

from collections.abc import Mapping, Sequence
from typing import Final

from proxy.model import DISCLOSING, Action, Catalogue, Effect, FieldSpec
from proxy.policy.cells import Cell, Cells, Walls, covers, listed
from proxy.policy.fields import check_fields
from proxy.policy.grouping import MinimumGroup, groups_on
from proxy.policy.link import Written
from proxy.policy.names import Findings
from proxy.policy.oracles import check_oracles
from proxy.policy.queries import check_queries
from proxy.policy.rules import Rule
from proxy.policy.taxonomy import PERSONAL, SPECIAL, ancestors
from proxy.policy.vocabulary import Vocabulary

_COMPUTING: Final = frozenset({Action.GROUP, Action.AGGREGATE})
GROUND: Final = "Art. 9(2)"
"""What a reference names that says on which ground special categories are given."""


def lint(
    written: Sequence[Written],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
    groups: Sequence[MinimumGroup] = (),
) -> None:
    """Note LG109, LG112, LG113, LG115, LG120, LG125, LG127, LG135, LG136 and one case of LG102: warnings."""
    cells = Cells(catalogues)
    _special_data_without_ground(written, cells, findings)
    check_fields(written, cells, findings)
    check_queries(written, cells, findings)
    check_oracles(written, cells, findings)
    _groups_of_one(written, groups, cells, findings)
    _roles_without_answers(written, vocabulary, cells, findings)
    _rules_that_wait_for_a_record(written, vocabulary, findings)


def _special_data_without_ground(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note grants of special categories without a ground of GDPR Art. 9(2) or a condition (LG109)."""
    shut = Walls((each.rule for each in written if _withholds(each.rule)), cells)
    for each in written:
        rule = each.rule
        if not rule.gives or rule.when or any(GROUND in ref for ref in rule.refs):
            continue
        special = {
            cell
            for cell in cells.of(rule)
            if _is_special(cells.spec(cell)) and not any(covers(wall, rule) for wall in shut.at(cell))
        }
        if special:
            message = (
                f"grant {rule.id} gives special categories ({listed(special)}) without a condition or a "
                f"ground of {GROUND} among its refs"
            )
            findings.add(each.spot / "id", "LG109", message, severity="warning")


def _withholds(rule: Rule) -> bool:
    return rule.always and rule.effect >= Effect.REDACT


def _is_special(spec: FieldSpec) -> bool:
    return "special" in spec.tags or not SPECIAL.isdisjoint(ancestors(spec.category))


def _groups_of_one(
    written: Sequence[Written], groups: Sequence[MinimumGroup], cells: Cells, findings: Findings
) -> None:
    """Note grants to compute from people's data of which no group has to be large (LG136)."""
    shut = Walls((each.rule for each in written if _withholds(each.rule)), cells)
    for each in written:
        rule = each.rule
        if not rule.gives or not rule.actions & _COMPUTING:
            continue
        alone = {
            cell
            for cell in cells.of(rule)
            if not PERSONAL.isdisjoint(ancestors(cells.spec(cell).category))
            and not any(covers(wall, rule) for wall in shut.at(cell))
            and not any(groups_on(groups, cell[0], cells.catalogues[cell[0]][cell[1]]))
        }
        if alone:
            message = (
                f"grant {rule.id} lets callers compute from {listed(alone)}, and no minimum_groups says how "
                "many records a group needs: a sum, a mean or a count over one person is that person's"
            )
            findings.add(each.spot / "actions", "LG136", message, severity="warning")


def _roles_without_answers(
    written: Sequence[Written], vocabulary: Vocabulary, cells: Cells, findings: Findings
) -> None:
    """Note roles that get personal data and do not say why, where to, and with what concern (LG120)."""
    reasons: dict[str, tuple[Rule, Cell]] = {}
    for each in written:
        rule = each.rule
        if not rule.gives:
            continue
        personal = [
            cell for cell in cells.of(rule) if not PERSONAL.isdisjoint(ancestors(cells.spec(cell).category))
        ]
        if personal:
            for role in vocabulary.roles.keys() if rule.callers.roles is None else rule.callers.roles:
                reasons.setdefault(role, (rule, min(personal)))
    for name, (rule, cell) in sorted(reasons.items()):
        spec = vocabulary.roles[name]
        if spec.unanswered:
            message = (
                f"role {name} gets personal data ({listed([cell])} by {rule.id}): "
                f"answer {', '.join(spec.unanswered)}"
            )
            findings.add(spec.spot, "LG120", message, severity="warning", key=True)


def _rules_that_wait_for_a_record(
    written: Sequence[Written], vocabulary: Vocabulary, findings: Findings
) -> None:
    """Note rules whose condition looks at the record, for actions before which there is none (LG102, LG127)."""
    for each in written:
        rule = each.rule
        asked = any(one.attributes or one.consents for one in rule.conditions.values())
        if rule.kind == "grant" and rule.callers.purposes:
            asked |= all(vocabulary.purposes[name].consent for name in rule.callers.purposes)
        early = rule.actions - DISCLOSING
        if not asked or not early:
            continue
        few = ", ".join(sorted(early)[:4]) + (", ..." if len(early) > 4 else "")
        code, what = ("LG102", "can never matter") if rule.kind == "grant" else ("LG127", "always holds")
        message = f"{rule.kind} {rule.id} {what} for {few}: its condition looks at the record; there is none yet"
        findings.add(each.spot / "actions", code, message, severity="warning")
