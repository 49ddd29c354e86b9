"""The certificate of an erasure: what was asked, agreed, done, seen afterwards, and what remains. No name, no
value.

It says what is known and no more: a place that could not be looked into is listed as that, and so is what lies
where nobody can look through this API. Two editions: `live-complete` once the CRMs are clean, `final` once the
last delay is over. Where a CRM refuses something, and people have agreed to leave it at that, they are
`live-incomplete` and `final-incomplete`, and say so first. The same case has the same certificate.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final

from proxy.erasure.case import HOLD, Case
from proxy.erasure.plan import CLOSED, IRREVERSIBLE, Kept, canonical
from proxy.erasure.states import INCOMPLETE, State, words

TYPE: Final = "lychgate.dev/v1/erasure-certificate"


def statement(case: Case, edition: str, *, installation: str, software: str, key: bytes) -> dict[str, object]:
    """Return what is signed: strings, integers and lists of such objects, under ASCII names.

    Args:
        case: with its plan and findings.
        edition: `live-complete` or `final`; `live-incomplete` or `final-incomplete`.
        installation: name of whose ledger and key it is.
        software: name and version.
        key: of this use alone; makes the commitment to whom it is about.
    """
    assert case.plan is not None
    return _incomplete(case) | {
        "type": TYPE,
        "edition": edition,
        "case": case.id,
        "installation": installation,
        "software": software,
        "law": case.law,
        "ground": case.rule.grounds.get(case.ground, case.ground),
        "source": case.source,
        "identity": case.identity,
        "received": _time(case.received),
        "erased": _time(case.erased),
        "plan": case.plan.hash,
        "subject": commitment(key, [(one.kind, one.value) for one in case.plan.known]),
        "agreed": [{"who": one.who, "via": one.via, "at": _time(one.at)} for one in case.assents],
        "done": _done(case),
        "kept": _kept(case),
        "checks": [
            {
                "lane": one.lane, "place": one.place, "how": one.how, "verdict": one.verdict, "count": one.count,
                "until": one.until, "why": one.why,
            }
            for one in case.findings
        ],
        "checked_again": [_time(at) for at in case.checks],
        "told": [
            {
                "recipient": one.recipient, "disclosures": one.disclosures,
                "sent": _time(one.sent) if one.sent else "",
                "acknowledged": _time(one.acknowledged) if one.acknowledged else "",
            }
            for one in case.notices
        ],
        "remains": [
            line for line in case.plan.warning if line not in IRREVERSIBLE and not line.endswith(CLOSED)
        ],
    }  # fmt: skip


def _incomplete(case: Case) -> dict[str, object]:
    """Return what the certificate of an erasure says beside all others that a CRM has refused in part."""
    if case.state not in INCOMPLETE:
        return {}
    refused = [each for each in case.findings if each.verdict == "refused"]
    return {
        "outcome": "incomplete",
        "left": [
            {"lane": one.lane, "place": one.place, "method": one.how, "count": one.count} for one in refused
        ],
        "left_by": [{"who": one.who, "via": one.via, "at": _time(one.at)} for one in case.leaving],
    }


def plainly(said: Mapping[str, object]) -> list[str]:
    """Return what whoever reads no more than a line has to know: nothing, of an erasure that is complete."""
    left = [row for row in list_of(said.get("left", [])) if isinstance(row, dict)]
    if said.get("outcome") != "incomplete":
        return []
    return [NOT_COMPLETE, *(f"{row['lane']} {row['place']}: {row['count']} ({row['method']})" for row in left)]


def commitment(key: bytes, values: Iterable[tuple[str, str]]) -> str:
    """Return what only somebody who has the key and knows the person can compute again."""
    said = canonical(sorted([kind, value] for kind, value in values))
    return hmac.digest(key, said, hashlib.sha256).hex()


def superseded(case: Case, edition: str) -> str:
    """Return what has become of a case since an edition of its certificate was signed; "" = it holds."""
    whole = {State.LIVE_COMPLETE, State.FINAL}
    if case.state not in (INCOMPLETE if edition.endswith("incomplete") else whole):
        why = f": {case.reason}" if case.reason else ""
        return f"It says what was seen when it was signed. By now the case is {words(case.state)}{why}."
    if len(case.issued) <= case.earlier:
        return "What has become of the case since is yet to be certified."
    newest = case.issued[-1].edition
    return "" if edition == newest else f"A later edition has been issued: {newest}."


def text_of(said: Mapping[str, object]) -> str:
    """Return the one line that is signed."""
    return canonical(said).decode()


def digest_of(text: str) -> str:
    """Return what the ledger says of a certificate."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _done(case: Case) -> list[dict[str, object]]:
    assert case.plan is not None
    counts = Counter((step.lane, step.object, step.do, case.journal[step.key].how) for step in case.plan.steps)
    return [
        {"lane": lane, "object": object_, "method": do, "outcome": how, "count": count}
        for (lane, object_, do, how), count in sorted(counts.items())
    ]


def _kept(case: Case) -> list[dict[str, object]]:
    """What stays, by the word of a policy or a law; what somebody typed may hold a name, and is left out."""
    assert case.plan is not None
    provisions = {one.id: case.rule.exceptions[one.word] for one in case.exempt}

    def because(kept: Kept) -> str:
        return "legal hold" if kept.by.startswith(HOLD) else provisions.get(kept.by, kept.because)

    counts = Counter((one.lane, one.object, because(one), one.until) for one in case.plan.kept)
    return [
        {"lane": lane, "object": object_, "count": count, "because": because, "until": until}
        for (lane, object_, because, until), count in sorted(counts.items())
    ]


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Certificate of erasure {case}</title><style>
body{{font:15px/1.5 Georgia,serif;max-width:50em;margin:3em auto;padding:0 1em;color:#222}}
h1{{font-size:1.6em}} h2{{font-size:1.1em;margin-top:2em}} table{{border-collapse:collapse;width:100%}}
td,th{{text-align:left;padding:.25em .8em .25em 0;border-bottom:1px solid #ddd;vertical-align:top}}
code{{font-size:.85em;overflow-wrap:anywhere}} .left{{color:#a00}} @media print{{body{{margin:0}}}}
</style></head><body>
<h1>Certificate of erasure</h1>
{notice}{plainly}<p>Edition <b>{edition}</b> of case <code>{case}</code>, issued by <code>{installation}</code>.
{nobody} <code>{subject}</code>.</p>
{tables}
<h2>What remains, or could not be looked into</h2><ul>{remains}</ul>
<p>{check} Plan agreed to: <code>{plan}</code>.</p>
</body></html>
"""


NOT_COMPLETE: Final = (
    "THIS ERASURE IS NOT COMPLETE. The CRM refuses to delete or to change what follows, and people who may have "
    "agreed to leave it at that; data of the person remain there:"
)
NOBODY: Final = "It names nobody: whom it is about can be shown by whoever holds the key to the commitment"
CHECK: Final = (
    "This page says what the signed file says, and is not signed itself. To check the file, offline: "
    "lychgate certificate verify FILE --public-key KEY."
)


def sections(said: Mapping[str, object]) -> list[tuple[str, list[Mapping[str, object]]]]:
    """Return what stands on a page, part by part: a title and its rows."""
    names = ("law", "ground", "source", "identity", "received", "erased", "software")
    facts: list[Mapping[str, object]] = [{name.replace("_", " "): said[name]} for name in names]
    parts = (
        ("Agreed to by", "agreed"),
        ("Left incomplete by", "left_by"),
        ("What was done", "done"),
        ("What stays, and why", "kept"),
        ("What was seen afterwards", "checks"),
        ("Recipients to be told", "told"),
    )
    found = [("The case", facts)]
    for title, name in parts:
        if name not in said:
            continue
        found.append((title, [row for row in list_of(said[name]) if isinstance(row, dict)]))
    return found


def page(said: Mapping[str, object], notice: str = "") -> str:
    """Return the certificate for a person to read, print or send; everything in it is escaped.

    Args:
        said: what a certificate says, checked.
        notice: what `superseded` says of it.
    """
    (title, facts), *parts = sections(said)
    tables = _table(title, [{"": name, " ": value} for row in facts for name, value in row.items()])
    tables += "".join(_table(title, rows) for title, rows in parts)
    remains = "".join(f"<li>{escape(str(line))}</li>" for line in list_of(said["remains"]))
    texts = {name: escape(str(said[name])) for name in ("case", "edition", "installation", "subject", "plan")}
    texts["notice"] = f'<p class="left"><b>{escape(notice)}</b></p>\n' if notice else ""
    first, *lines = map(escape, plainly(said) or [""])
    items = "".join(f"<li>{line}</li>" for line in lines)
    texts["plainly"] = f'<p class="left"><b>{first}</b></p><ul class="left">{items}</ul>\n' if first else ""
    return _PAGE.format(tables=tables, remains=remains, nobody=NOBODY, check=CHECK, **texts)


def _table(title: str, listed: Sequence[Mapping[str, object]]) -> str:
    if not listed:
        return f"<h2>{title}</h2><p>Nothing.</p>"
    head = "".join(f"<th>{escape(str(name))}</th>" for name in listed[0])
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row.values())}</tr>" for row in listed
    )
    return f"<h2>{title}</h2><table><tr>{head}</tr>{body}</table>"


def list_of(value: object) -> list[object]:
    """Return a list of what was signed; an empty one where it is none."""
    return value if isinstance(value, list) else []
