"""What a reviewer would ask about a set in which nothing is wrong: roles, special data, fields, masks."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from proxy.errors import Problem
from proxy.model import Action, Catalogue, Effect, FieldSpec, Mask, ObjectSpec
from proxy.policy.cells import Cell, Cells, Walls, callers_within, covers, listed, overlap
from proxy.policy.link import Written
from proxy.policy.names import Findings
from proxy.policy.rules import Rule
from proxy.policy.taxonomy import PERSONAL, SPECIAL, UNCLASSIFIED, ancestors
from proxy.policy.vocabulary import Vocabulary

TELLING: Final = frozenset({Action.FILTER, Action.SORT, Action.GROUP})
"""Uses of a field that tell its value to whoever may not read it."""
GROUND: Final = "Art. 9(2)"
"""What a reference names that says on which ground special categories are given."""


def lint(
    written: Sequence[Written],
    vocabulary: Vocabulary,
    catalogues: Mapping[str, Catalogue],
    findings: Findings,
) -> None:
    """Note LG109, LG112, LG113, LG115, LG120 and LG122; all are warnings."""
    cells = Cells(catalogues)
    _special_data_without_ground(written, cells, findings)
    _fields_nobody_mentions(written, cells, findings)
    _queries_that_tell(written, cells, findings)
    _roles_without_answers(written, vocabulary, cells, findings)
    _masks_that_do_not_fit(written, cells, findings)


def _special_data_without_ground(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note grants of special categories without a ground of GDPR Art. 9(2) or a condition (LG109)."""
    shut = Walls((each.rule for each in written if _withholds(each.rule)), cells)
    for each in written:
        rule = each.rule
        if not _gives(rule) or any(GROUND in ref for ref in rule.refs):
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


def _gives(rule: Rule) -> bool:
    return rule.kind == "grant" and rule.applies and rule.effect < Effect.REDACT


def _is_special(spec: FieldSpec) -> bool:
    return "special" in spec.tags or not SPECIAL.isdisjoint(ancestors(spec.category))


def _fields_nobody_mentions(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note listed fields without a class (LG112), and those that no rule speaks about (LG113)."""
    mentioned: set[Cell] = set()
    for each in written:
        if not each.rule.built_in:
            mentioned |= cells.of(each.rule)
    for connector, catalogue in cells.catalogues.items():
        for spec in catalogue.values():
            unclassified = [name for name, of in spec.fields.items() if of.category == UNCLASSIFIED]
            silent = [
                name
                for name, of in spec.fields.items()
                if of.category != UNCLASSIFIED and (connector, spec.name, name) not in mentioned
            ]
            _about_fields(spec, unclassified, "LG112", "has no category, so no rule can match it", findings)
            _about_fields(spec, silent, "LG113", "is in no rule, so nobody gets it", findings)


def _about_fields(spec: ObjectSpec, names: Iterable[str], code: str, what: str, findings: Findings) -> None:
    """Note one thing about several fields at the first of them whose place is known."""
    placed = [name for name in names if spec.fields[name].place]
    if not placed:
        return
    others = f" (so are {', '.join(placed[1:])})" if placed[1:] else ""
    file, line, column = spec.fields[placed[0]].place.rsplit(":", 2)
    message = f"{spec.name}.{placed[0]} {what}{others}"
    findings.problems.append(Problem(file, int(line), int(column), code, message, severity="warning"))


def _queries_that_tell(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note grants to filter, sort or group by fields that some of their callers may not read (LG115)."""
    reading: defaultdict[Cell, list[Rule]] = defaultdict(list)
    for each in written:
        rule = each.rule
        if rule.applies and rule.effect is Effect.ALLOW and rule.actions & {Action.READ, Action.LIST}:
            for cell in cells.of(rule):
                reading[cell].append(rule)
    guards = Walls((each.rule for each in written if each.rule.kind == "guard" and each.rule.applies), cells)
    for each in written:
        rule = each.rule
        if not _gives(rule) or not rule.actions & TELLING:
            continue
        told = {
            cell
            for cell in cells.of(rule)
            if cell[2]
            and not _is_shut(rule, guards.at(cell))
            and (_is_hidden(rule, guards.at(cell)) or not _is_read(rule, reading[cell]))
        }
        if told:
            words = "/".join(sorted(rule.actions & TELLING))
            message = f"grant {rule.id} lets callers {words} by {listed(told)}, which not all of them may read"
            findings.add(each.spot / "actions", "LG115", message, severity="warning")


def _is_read(rule: Rule, readers: Iterable[Rule]) -> bool:
    """Tell whether whoever may query a cell by a rule may also read it."""
    found = [reader for reader in readers if _same_purpose(rule, reader)]
    if any(callers_within(rule.callers, reader.callers) for reader in found):
        return True
    roles = [reader.callers.roles for reader in found]
    together = frozenset().union(*(each for each in roles if each is not None))
    return rule.callers.roles is not None and rule.callers.roles <= together


def _same_purpose(rule: Rule, reader: Rule) -> bool:
    anyone = None
    one = type(rule.callers)(anyone, rule.callers.purposes, rule.callers.recipients)
    other = type(rule.callers)(anyone, reader.callers.purposes, reader.callers.recipients)
    return callers_within(one, other)


def _is_shut(rule: Rule, guards: Iterable[Rule]) -> bool:
    """Tell whether guards refuse the queries anyway."""
    return any(
        wall.always and callers_within(rule.callers, wall.callers) and wall.actions >= (rule.actions & TELLING)
        for wall in guards
    )


def _is_hidden(rule: Rule, guards: Iterable[Rule]) -> bool:
    """Tell whether a guard hides from some caller of the rule what the rule lets them query by."""
    return any(
        {Action.READ, Action.LIST} & wall.actions
        and not rule.actions & TELLING <= wall.actions
        and overlap(rule.callers.roles, wall.callers.roles)
        and overlap(rule.callers.purposes, wall.callers.purposes)
        and overlap(rule.callers.recipients, wall.callers.recipients)
        and not (wall.unless is not None and callers_within(rule.callers, wall.unless))
        for wall in guards
    )


def _roles_without_answers(
    written: Sequence[Written], vocabulary: Vocabulary, cells: Cells, findings: Findings
) -> None:
    """Note roles that get personal data and do not say why, where to, and with what concern (LG120)."""
    reasons: dict[str, tuple[Rule, Cell]] = {}
    for each in written:
        rule = each.rule
        if not _gives(rule):
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


def _masks_that_do_not_fit(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note masks whose result is not what the CRM keeps in the field, so that clients stumble (LG122)."""
    for each in written:
        mask = each.rule.mask
        if mask is None:
            continue
        for cell in sorted(cells.of(each.rule)):
            reason = unfit(mask, cells.spec(cell))
            if reason:
                message = f"mask {mask.name} does not fit {listed([cell])}: {reason}"
                findings.add(each.spot / "with", "LG122", message, severity="warning")
                break


def unfit(mask: Mask, spec: FieldSpec) -> str:
    """Return why the result of a mask is not of the type or length that the connector declares, or ""."""
    if mask.kind == "null":
        return ""
    params = dict(mask.params)
    whole = mask.kind == "fixed" and isinstance(params.get("value"), int)
    if spec.type in ("number", "boolean", "date", "time") and not (whole and spec.type == "number"):
        return f"it holds a {spec.type}, and the mask makes text of it"
    shortest = len(str(params["value"])) if "value" in params else 3 + int(params.get("n", 0))
    shortest = {"year_only": 4, "email": 11, "email_domain": 7}.get(mask.kind, shortest)
    if spec.length is not None and shortest > spec.length:
        return f"it holds {spec.length} characters, and the mask makes {shortest}"
    return ""
