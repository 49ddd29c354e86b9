"""Fields and the rules about them: those nobody has classified or mentions, and masks that do not fit."""

from collections.abc import Iterable, Sequence
from typing import Final

from proxy.errors import Problem
from proxy.model import FieldSpec, Mask, ObjectSpec
from proxy.policy.cells import Cell, Cells, listed
from proxy.policy.link import Written
from proxy.policy.names import Findings
from proxy.policy.taxonomy import UNCLASSIFIED


def check_fields(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note LG112, LG113 and LG125."""
    _fields_nobody_mentions(written, cells, findings)
    _masks_that_do_not_fit(written, cells, findings)


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


_SHORTEST: Final = {"year_only": 4, "year_month": 7, "range": 6, "email": 11, "email_domain": 7}
"""Characters that a kind of mask makes at least, where its parameter does not say."""


def _masks_that_do_not_fit(written: Sequence[Written], cells: Cells, findings: Findings) -> None:
    """Note masks whose result is not what the CRM keeps in the field, so that clients stumble (LG125)."""
    for each in written:
        mask = each.rule.mask
        if mask is None:
            continue
        for cell in sorted(cells.of(each.rule)):
            reason = unfit(mask, cells.spec(cell))
            if reason:
                message = f"mask {mask.name} does not fit {listed([cell])}: {reason}"
                findings.add(each.spot / "with", "LG125", message, severity="warning")
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
    shortest = _SHORTEST.get(mask.kind, shortest)
    if spec.length is not None and shortest > spec.length:
        return f"it holds {spec.length} characters, and the mask makes {shortest}"
    return ""
