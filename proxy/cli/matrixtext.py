"""An access matrix as text, markdown, CSV, JSON and as a page to print and sign."""

import csv
import html
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from proxy.cli.plantext import code, escaped
from proxy.cli.policytext import NOTHING, place_text, visible
from proxy.message import RECORD_ITSELF
from proxy.policy import PolicySet
from proxy.policy.plan.matrix import Entry, Sheet


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands around the sheets."""

    title: str
    policies: PolicySet
    made: datetime
    sheets: Sequence[Sheet]


def _field(name: str) -> str:
    return name if name != RECORD_ITSELF else "(record)"


def _shown(text: str) -> str:
    return NOTHING if text == "deny" else text


def text_lines(sheets: Iterable[Sheet]) -> Iterator[str]:
    """Yield every sheet for a terminal."""
    for sheet in sheets:
        letters = f"   ({_letters(sheet)})" if sheet.letters else ""
        yield f"{_question(sheet)}{letters}"
        rows = [[_field(name), *(_shown(row[role].text) for role in sheet.roles)] for name, row in _rows(sheet)]
        table = [["", *sheet.roles], *rows]
        widths = [max(len(line[at]) for line in table) for at in range(len(table[0]))]
        for line in table:
            yield "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        yield from (f"retention  {visible(line)}" for line in sheet.retention)
        yield ""


def markdown_lines(paper: Paper) -> Iterator[str]:
    """Yield every sheet as a markdown table, with the rules behind it."""
    yield f"# {escaped(paper.title)}\n"
    yield f"As of {paper.made:%Y-%m-%d %H:%M} UTC, policy {code(paper.policies.digest)}\n"
    for sheet in paper.sheets:
        yield f"## {escaped(_question(sheet))}\n"
        for said in _purpose_words(sheet, paper.policies):
            yield f"{escaped(said)}\n"
        yield f"| field | category | {' | '.join(map(code, sheet.roles))} |"
        yield f"|---|---|{'---|' * len(sheet.roles)}"
        for name, row in _rows(sheet):
            cells = (
                code(text) if (text := _shown(row[role].text)) != NOTHING else NOTHING for role in sheet.roles
            )
            yield f"| {code(_field(name))} | {code(sheet.categories[name])} | {' | '.join(cells)} |"
        yield ""
        for letter, text in sheet.letters.items():
            yield f"* {code(letter)}: {code(text)}"
        yield from (f"* Retention: {code(line)}" for line in sheet.retention)
        yield ""


def csv_text(sheets: Iterable[Sheet]) -> str:
    """Return one line for each cell, with its condition written out and its rules.

    A cell that a spreadsheet would take for a formula is kept from being one.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    head = [
        "connector",
        "object",
        "field",
        "category",
        "action",
        "purpose",
        "recipient",
        "role",
        "outcome",
        "rules",
    ]
    writer.writerow(head)
    for sheet in sheets:
        for name, row in _rows(sheet):
            for role in sheet.roles:
                entry = row[role]
                cells = [sheet.connector, sheet.object, _field(name), sheet.categories[name], sheet.action.value]
                cells += [sheet.purpose, sheet.recipient, role, entry.spelled, " ".join(entry.rules)]
                writer.writerow(f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t") else cell for cell in cells)
    return out.getvalue()


def json_text(sheets: Iterable[Sheet]) -> str:
    """Return every sheet with the conditions written out."""
    return json.dumps(
        [
            {
                "connector": sheet.connector,
                "object": sheet.object,
                "action": sheet.action.value,
                "purpose": sheet.purpose,
                "recipient": sheet.recipient,
                "fields": {
                    name: {role: entry.spelled for role, entry in row.items()}
                    for name, row in sheet.entries.items()
                },
                "rules": {
                    name: {role: list(entry.rules) for role, entry in row.items()}
                    for name, row in sheet.entries.items()
                },
                "categories": dict(sheet.categories),
                "retention": list(sheet.retention),
            }
            for sheet in sheets
        ],
        indent=2,
    )


def html_text(paper: Paper) -> str:
    """Return one page without scripts, links or anything from elsewhere; every name in it is escaped."""
    return "\n".join(_page(paper)) + "\n"


def _page(paper: Paper) -> Iterator[str]:
    title = html.escape(paper.title)
    yield "<!doctype html>"
    yield f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield f"<style>{_STYLE}</style></head><body>"
    yield f"<h1>{title}</h1>"
    made = f"{paper.made:%Y-%m-%d %H:%M} UTC"
    yield f"<p>As of <strong>{made}</strong>, policy set <code>{html.escape(paper.policies.digest)}</code></p>"
    yield _LEGEND
    for sheet in paper.sheets:
        yield from _section(sheet, paper.policies)
    yield from _rule_table(paper)
    yield _SIGNATURES
    yield "</body></html>"


def _section(sheet: Sheet, policies: PolicySet) -> Iterator[str]:
    yield f"<section><h2>{html.escape(_question(sheet))}</h2>"
    for said in _purpose_words(sheet, policies):
        yield f"<p>{html.escape(said)}</p>"
    yield "<table><thead><tr><th>Field</th><th>Category</th>"
    yield "".join(f"<th>{html.escape(role)}</th>" for role in sheet.roles) + "</tr></thead><tbody>"
    for name, row in _rows(sheet):
        yield f"<tr><th>{html.escape(_field(name))}</th><td>{html.escape(sheet.categories[name])}</td>"
        for role in sheet.roles:
            entry = row[role]
            effect = entry.text.partition("(")[0].partition(" ")[0]
            marks = f' class="{effect}" title="{html.escape(", ".join(entry.rules))}"'
            yield f"<td{marks}>{html.escape(_shown(entry.text))}</td>"
        yield "</tr>"
    yield "</tbody></table>"
    if sheet.letters:
        yield "<dl>"
        for letter, text in sheet.letters.items():
            yield f"<dt>{letter}</dt><dd><code>{html.escape(text)}</code></dd>"
        yield "</dl>"
    if sheet.retention:
        yield "<p>Retention</p><ul>"
        yield from (f"<li>{html.escape(line)}</li>" for line in sheet.retention)
        yield "</ul>"
    yield "</section>"


def _rule_table(paper: Paper) -> Iterator[str]:
    used = frozenset[str]().union(*(sheet.rules for sheet in paper.sheets))
    yield "<section><h2>Rules that decide</h2><table><thead><tr>"
    heads = ("Rule", "Kind", "Says", "Legal references", "Written in")
    yield "".join(f"<th>{head}</th>" for head in heads) + "</tr></thead><tbody>"
    for rule in paper.policies.rules:
        if rule.id in used:
            cells = [rule.id, rule.kind, rule.description, "; ".join(rule.refs), place_text(rule)]
            yield f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"
    yield "</tbody></table></section>"


def _question(sheet: Sheet) -> str:
    return f"{sheet.object} · action={sheet.action} · purpose={sheet.purpose} · recipient={sheet.recipient}"


def _letters(sheet: Sheet) -> str:
    return ", ".join(f"{letter}: {text}" for letter, text in sheet.letters.items())


def _purpose_words(sheet: Sheet, policies: PolicySet) -> Iterator[str]:
    """Yield what makes the purpose lawful, and where the data goes."""
    purpose = policies.purposes[sheet.purpose]
    refs = f" ({'; '.join(purpose.refs)})" if purpose.refs else ""
    basis = purpose.lawful_basis.replace("_", " ") or "none is given"
    said = f" {purpose.description}" if purpose.description else ""
    yield f"Purpose {purpose.name}: lawful basis {basis}{refs}.{said}"
    recipient = policies.recipients[sheet.recipient]
    kind = recipient.kind.replace("_", " ")
    yield f"Recipient {recipient.name}: {kind}, {recipient.country or 'no country is given'}."


def _rows(sheet: Sheet) -> Iterator[tuple[str, Mapping[str, Entry]]]:
    yield from sheet.entries.items()


_STYLE = """
body{font:11pt/1.4 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;color:#111}
h1{font-size:1.6rem}h2{font-size:1.1rem;margin:2rem 0 .3rem}p{margin:.2rem 0}
table{border-collapse:collapse;width:100%;font-size:.85rem;margin:.6rem 0}
th,td{border:1px solid #999;padding:.2rem .4rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
thead th{background:#eee}tbody th{font-weight:normal}
td.allow{background:#fde2dd}td.mask,td.tokenize,td.encrypt{background:#fff3cd}td.redact{background:#eef3fb}
td.deny{color:#777}
dl{font-size:.85rem}dt{float:left;width:2rem;font-weight:bold}dd{margin:0 0 .2rem 2rem}
.sign{display:grid;grid-template-columns:1fr 1fr;gap:3rem;margin-top:4rem}.sign div{border-top:1px solid #111}
@media print{body{margin:0;max-width:none;font-size:9pt}tr{break-inside:avoid}
thead{display:table-header-group}td{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
"""
_LEGEND = """<section><h2>How to read this</h2>
<p>Each table is one question: an object of the CRM, what is done, what for, and who receives the data. A column
is a caller who has that role alone; a caller with several gets the most permissive grant of them all, while
guards hold for every role. Letters stand for conditions, listed below each table; where a condition cannot be
evaluated, the answer is the strict one. Rules in mode audit are only observed and are not shown.</p>
<table><tbody>
<tr><td class="allow">allow</td><td>the value</td></tr>
<tr><td class="mask">mask, tokenize, encrypt</td><td>a part of the value, or a stand-in for it</td></tr>
<tr><td class="redact">redact</td><td>that there is a field, without its value</td></tr>
<tr><td class="deny">·</td><td>nothing; the field is absent</td></tr>
</tbody></table></section>"""
_SIGNATURES = """<section class="sign">
<div>Data protection officer: name, date, signature</div>
<div>Responsible for the processing: name, date, signature</div>
</section>"""
