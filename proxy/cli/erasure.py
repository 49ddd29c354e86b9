"""`lychgate erasure`: erase a person, with everything that has to come before and after."""

import asyncio
import base64
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from proxy.api import ROUTES, document
from proxy.app import build
from proxy.cli.auditing import CONFIG
from proxy.config import load_config
from proxy.console.control import ask
from proxy.crypto.files import write_whole
from proxy.erase import FINAL, FINAL_PART, LIVE, PART
from proxy.erasure.case import DENIALS, IDENTITY
from proxy.erasures import Erasures
from proxy.errors import LychgateError

PATIENCE: Final = 600.0
"""Seconds that a command follows a case that the process that runs is moving."""
_LOOK: Final = 0.3
_FORMAT: Final = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True
)
_KEY: Final = click.option(
    "--key-file", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=True,
    help="Your own Lychgate credential, alone in a file.",
)  # fmt: skip
_CASE: Final = click.argument("case")


def _agreeing[F: Callable[..., None]](command: F) -> F:
    """Give a command what both people say who agree to plans."""
    for decorate in (
        _FORMAT,
        CONFIG,
        _KEY,
        click.option("--purpose", help="What your client is registered for, if it has no default."),
        click.option(
            "--hash", "hashes", multiple=True, help="The plan's short hash; asked for if it is left out."
        ),
        click.option("--batch", help="All cases of this batch, by its own hash, in place of CASES."),
        click.argument("cases", nargs=-1),
    ):
        command = decorate(command)
    return command


@click.group()
def erasure() -> None:
    """Erase people, and prove it."""


@erasure.command("open")
@click.argument("records", nargs=-1, metavar="[LANE/OBJECT/ID]...")
@click.option("--email", "emails", multiple=True, help="An address of the person.")
@click.option("--phone", "phones", multiple=True, help="A number of the person.")
@click.option(
    "--identifier", "identifiers", multiple=True, help="Any other number or code that names the person."
)
@click.option("--ground", help="Why, in the law's words: consent_withdrawn, objection, ...")
@click.option("--law", help="The law it is under; the policies say which if this is left out.")
@click.option("--identity", type=click.Choice(IDENTITY), help="How that was checked; without it the case waits.")
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Your own Lychgate credential, alone in a file: you are not the second to agree then.",
)
@click.option("--purpose", help="What your client is registered for, if it has no default.")
@CONFIG
@_FORMAT
def open_(
    records: tuple[str, ...],
    emails: tuple[str, ...],
    phones: tuple[str, ...],
    identifiers: tuple[str, ...],
    *,
    ground: str | None,
    law: str | None,
    identity: str | None,
    key_file: Path | None,
    purpose: str | None,
    config: Path,
    form: str,
) -> None:
    """Open a case about the person behind some records or values; nothing is touched yet."""
    values = [("email", each) for each in emails]
    values += [("phone", each) for each in phones]
    values += [("id", each) for each in identifiers]
    asked = {
        "do": "open", "records": records, "values": values, "ground": ground or "", "law": law or "",
        "identity": identity or "", "purpose": purpose or "",
        "key": key_file.read_text("utf-8").strip() if key_file is not None else "",
    }  # fmt: skip
    _tell(_done(config, asked), form, _short)


@erasure.command("list")
@CONFIG
@_FORMAT
def list_(config: Path, form: str) -> None:
    """List all cases, oldest first, with their clocks."""
    told = _done(config, {"do": "list"})
    _tell(told, form, lambda one: "\n".join(map(_short, one["cases"])) or "there is no case")


@erasure.command()
@_CASE
@CONFIG
@_FORMAT
def show(case: str, config: Path, form: str) -> None:
    """Show how far a case has come, and what was found."""
    _tell(_done(config, {"do": "show", "case": case}), form, _long)


@erasure.command()
@_CASE
@click.option("--identity", type=click.Choice(IDENTITY), help="How it was made sure that the person asked.")
@CONFIG
@_FORMAT
def plan(case: str, identity: str | None, config: Path, form: str) -> None:
    """Look for everything of the person, and show what an erasure would do. Nothing is touched."""
    _tell(_followed(config, {"do": "plan", "case": case, "identity": identity or ""}), form, _long)


@erasure.command()
@_agreeing
def confirm(
    cases: tuple[str, ...],
    hashes: tuple[str, ...],
    purpose: str | None,
    key_file: Path,
    *,
    batch: str | None,
    config: Path,
    form: str,
) -> None:
    """Agree to the plans of CASES as they are now, by typing the short hash of each.

    Where policy asks for two people, the second one does the same with a credential of their own. Nothing is
    erased by this; `run` does that.
    """
    _agree("confirm", cases, hashes, purpose, key_file, batch=batch, config=config, form=form)


@erasure.command()
@_agreeing
def approve(
    cases: tuple[str, ...],
    hashes: tuple[str, ...],
    purpose: str | None,
    key_file: Path,
    *,
    batch: str | None,
    config: Path,
    form: str,
) -> None:
    """Agree to plans that somebody else has confirmed; the same person twice is refused."""
    _agree("approve", cases, hashes, purpose, key_file, batch=batch, config=config, form=form)


def _agree(
    verb: str,
    cases: tuple[str, ...],
    hashes: tuple[str, ...],
    purpose: str | None,
    key_file: Path,
    *,
    batch: str | None,
    config: Path,
    form: str,
) -> None:
    if bool(cases) == bool(batch):
        raise click.UsageError("name cases, or a batch with --batch")
    if hashes and len(hashes) != len(cases or [batch]):
        raise click.UsageError("give one --hash for each case, in the same order, or none; one for a batch")
    typed = list(hashes)
    for case in (*cases, *([batch] if batch else ()))[len(typed) :]:
        told = _done(config, {"do": "batch", "batch": batch} if batch else {"do": "show", "case": case})
        click.echo("\n".join(told["summary"]), err=True)
        what = f"the {told['to_confirm']} cases of {batch}, type their" if batch else f"case {case}, type the"
        typed.append(click.prompt(f"To erase {what} short hash", err=True))
    key = key_file.read_text("utf-8").strip()
    asked = {
        "do": verb,
        "cases": cases,
        "batch": batch or "",
        "typed": typed,
        "key": key,
        "purpose": purpose or "",
    }
    _tell(_done(config, asked), form, _confirmed)


@erasure.command()
@_CASE
@click.option("--hash", "typed", help="The short hash of what is refused; it is asked for if left out.")
@click.option("--because", required=True, help="Why; kept with the case, and in no certificate.")
@click.option("--purpose", help="What your client is registered for, if it has no default.")
@_KEY
@CONFIG
@_FORMAT
def accept(
    case: str, typed: str | None, because: str, purpose: str | None, key_file: Path, *, config: Path, form: str
) -> None:
    """Leave a case that ended partial at what CRMs refuse to delete or to change.

    It takes as many people as the plan did, each with a credential of their own. The case ends as incomplete
    then, and its certificate says first that it is, and what remains; nobody reads the person's records among
    those any more.
    """
    if not typed:
        told = _done(config, {"do": "show", "case": case})
        click.echo(_long(told), err=True)
        what = f"case {case} at what is refused, type the"
        typed = click.prompt(f"To leave {what} short hash", err=True) if told["left"] else ""
    key = key_file.read_text("utf-8").strip()
    asked = {
        "do": "accept",
        "case": case,
        "because": because,
        "key": key,
        "purpose": purpose or "",
        "typed": typed,
    }
    _tell(_done(config, asked), form, _long)


@erasure.command()
@_CASE
@click.option("--because", required=True, help="Why; it can stand in a letter.")
@click.option("--owner", default="operator", show_default=True, help="Who lifts it.")
@click.option(
    "--category", "categories", multiple=True, help="Only data of this category; left out: everything."
)
@CONFIG
@_FORMAT
def hold(case: str, because: str, owner: str, categories: tuple[str, ...], *, config: Path, form: str) -> None:
    """Keep the person's data, or some categories of them, whatever was asked: a legal hold."""
    asked = {"do": "hold", "case": case, "because": because, "owner": owner, "categories": categories}
    _tell(_done(config, asked), form, _long)


@erasure.command()
@_CASE
@click.argument("hold_id", metavar="HOLD")
@CONFIG
@_FORMAT
def unhold(case: str, hold_id: str, config: Path, form: str) -> None:
    """Lift a hold; the plan is made anew, and has to be confirmed."""
    _tell(_done(config, {"do": "unhold", "case": case, "hold": hold_id}), form, _long)


@erasure.command("except")
@_CASE
@click.option("--exception", "word", required=True, help="In the law's words: legal_duty, legal_claims, ...")
@click.option("--because", required=True, help="Why it applies here; it can stand in a letter.")
@click.option("--owner", default="operator", show_default=True, help="Who decided so.")
@click.option(
    "--category", "categories", multiple=True, help="Only data of this category; left out: the case is denied."
)
@CONFIG
@_FORMAT
def except_(
    case: str, word: str, because: str, owner: str, categories: tuple[str, ...], *, config: Path, form: str
) -> None:
    """Apply an exception of the law (GDPR Art. 17(3)) to some categories of the data, or deny the case."""
    asked = {"do": "except", "case": case, "word": word, "because": because, "owner": owner}
    _tell(_done(config, {**asked, "categories": categories}), form, _long)


@erasure.command()
@_CASE
@click.argument("exception", metavar="EXCEPTION")
@CONFIG
@_FORMAT
def unexcept(case: str, exception: str, config: Path, form: str) -> None:
    """Take an exception back; the plan is made anew, and has to be confirmed."""
    _tell(_done(config, {"do": "unexcept", "case": case, "exception": exception}), form, _long)


@erasure.command()
@_CASE
@click.option("--why", type=click.Choice(DENIALS), required=True, help="In one word.")
@click.option("--because", required=True, help="In a sentence; it can stand in a letter.")
@CONFIG
@_FORMAT
def deny(case: str, why: str, because: str, config: Path, form: str) -> None:
    """Deny a case; possible until the first step that erases."""
    _tell(_done(config, {"do": "deny", "case": case, "why": why, "because": because}), form, _short)


@erasure.command()
@_CASE
@click.option("--because", required=True, help="Why it takes longer; the person has to be told.")
@CONFIG
@_FORMAT
def extend(case: str, because: str, config: Path, form: str) -> None:
    """Use the law's longer period, once (GDPR Art. 12(3): two further months).

    The person has to be told of it, with the reason, within the first period.
    """
    _tell(_done(config, {"do": "extend", "case": case, "because": because}), form, _short)


@erasure.command()
@_CASE
@click.option("--because", default="revoked", help="Why.")
@CONFIG
@_FORMAT
def revoke(case: str, because: str, config: Path, form: str) -> None:
    """Give a case up; possible until the first step that erases."""
    _tell(_done(config, {"do": "revoke", "case": case, "because": because}), form, _short)


@erasure.command()
@click.argument("cases", nargs=-1)
@click.option("--batch", help="All cases of this batch that were agreed to, in place of CASES.")
@click.option(
    "--again", is_flag=True, help="Repeat a case that is stuck or has left something; what is new gets a case."
)
@CONFIG
@_FORMAT
def run(cases: tuple[str, ...], batch: str | None, config: Path, form: str, *, again: bool) -> None:
    """Carry out cases that were agreed to, and go on with those that were interrupted.

    Exit code 0: every case is complete; 1: one is not, and `show` says why.
    """
    if bool(cases) == bool(batch):
        raise click.UsageError("name cases, or a batch with --batch")
    if batch:
        cases = tuple(_done(config, {"do": "batch", "batch": batch})["cases"])
    told = [_followed(config, {"do": "retry" if again else "run", "case": case}) for case in cases]
    _tell({"cases": told}, form, lambda one: "\n".join(map(_long, one["cases"])))
    sys.exit(0 if all(each["state"] in {"live_complete", "final"} for each in told) else 1)


@erasure.command()
@_CASE
@click.option("--recipient", required=True, help="Who has confirmed that they were told.")
@click.option("--note", default="", help="What they said; kept with the case.")
@CONFIG
@_FORMAT
def acknowledge(case: str, recipient: str, note: str, config: Path, form: str) -> None:
    """Note that a recipient of the data was told of the erasure and has acknowledged it."""
    _tell(_done(config, {"do": "told", "case": case, "recipient": recipient, "note": note}), form, _long)


@erasure.command()
@_CASE
@click.option("--basis", required=True, help="The new lawful basis.")
@CONFIG
@_FORMAT
def allow(case: str, basis: str, config: Path, form: str) -> None:
    """Let somebody who was erased be stored again; that is on record before it takes effect."""
    told = _done(config, {"do": "allow", "case": case, "basis": basis})
    _tell(told, form, lambda one: f"{one['values']} values of case {one['case']} may be stored again")


@erasure.command()
@click.argument("batch")
@CONFIG
@_FORMAT
def batch(batch: str, config: Path, form: str) -> None:
    """Show what the cases that a sweep has opened come to together, and the hash by which they are agreed to."""
    _tell(_done(config, {"do": "batch", "batch": batch}), form, _batched)


@erasure.command("returns")
@click.option("--dismiss", metavar="CASE", help="Take a case off the list: its person may not come back.")
@CONFIG
@_FORMAT
def returns_(dismiss: str | None, config: Path, form: str) -> None:
    """List people who were erased and whom somebody tried to store again, by their cases.

    Each of these writes was refused. `allow CASE --basis ...` lets the person be stored again.
    """
    told = _done(config, {"do": "returns", "dismiss": dismiss or ""})
    _tell(
        told, form, lambda one: "\n".join(map(_return, one["returns"])) or "nobody would have been stored again"
    )


@erasure.command()
@click.option("--open", "opens", is_flag=True, help="Open a case for each; people agree to it as to any other.")
@CONFIG
@_FORMAT
def sweep(config: Path, form: str, *, opens: bool) -> None:
    """Look through all people of all CRMs for those who were erased and are back, who are due, or who have
    withdrawn a consent.

    Due is what the retention rules of the policies say (`then: erase`), withdrawn what their `withdrawals` say.
    Nothing is erased by this. Exit code 0: nobody was found; 1: somebody was.
    """
    told = _done(config, {"do": "sweep", "open": opens})
    _tell(told, form, _swept)
    sys.exit(1 if told["found"] else 0)


@erasure.command()
@_CASE
@click.option(
    "--edition", type=click.Choice([LIVE, FINAL, PART, FINAL_PART]), help="The newest one if left out."
)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="Folder.")
@CONFIG
def certificate(case: str, edition: str | None, out: Path, config: Path) -> None:
    """Write a case's certificate: CASE-EDITION.json, signed and with its proof, and HTML and PDF to read.

    What has become of the case since it was signed stands in all three, and is told on stderr.
    """
    told = _done(config, {"do": "certificate", "case": case, "edition": edition or ""})
    stem = f"{case}-{told['edition']}"
    if told["superseded"]:
        click.echo(told["superseded"], err=True)
    out.mkdir(parents=True, exist_ok=True)
    for suffix in ("json", "html", "pdf"):
        data = base64.b64decode(told[suffix]) if suffix == "pdf" else told[suffix].encode()
        write_whole(out / f"{stem}.{suffix}", data, 0o644, replace=True)
        click.echo(out / f"{stem}.{suffix}")


@erasure.command()
def openapi() -> None:
    """Print the OpenAPI 3.1 document of the HTTP API (`erasure.api` in `lychgate.yaml`)."""
    click.echo(document(ROUTES).decode(), nl=False)


# ---- how it gets done
# ------------------------------------------------------------------------------------------


def _done(config: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Have the process that runs do it; if none does, do it here."""
    settings = load_config(config)
    told = ask(settings.state, "erasure", json.dumps(asked), seconds=PATIENCE)
    if isinstance(told, dict):
        return told
    app = build(settings)
    try:
        return asyncio.run(Erasures(app).do({**asked, "wait": True}))
    except OSError as error:
        raise LychgateError(f"not done: {error.strerror}") from None
    finally:
        app.close()


def _followed(config: Path, asked: dict[str, Any]) -> dict[str, Any]:
    """Have a case moved, and follow it until it is somebody else's turn."""
    told = _done(config, asked)
    until = time.monotonic() + PATIENCE
    shown = -1
    while told["busy"] and time.monotonic() < until:
        if told["steps"] and told["done"] != shown:
            shown = told["done"]
            click.echo(f"{told['state'].replace('_', ' ')}: {shown} of {told['steps']} steps", err=True)
        time.sleep(_LOOK)
        told = _done(config, {"do": "show", "case": asked["case"]})
    return told


def _tell(told: dict[str, Any], form: str, text: Callable[[dict[str, Any]], str]) -> None:
    click.echo(json.dumps(told) if form == "json" else text(told))


def _confirmed(told: dict[str, Any]) -> str:
    lines = [_short(one) for one in told["cases"]]
    return "\n".join([*lines, *(f"{one['case']}  not agreed to: {one['why']}" for one in told["refused"])])


def _batched(told: dict[str, Any]) -> str:
    states = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in told["states"].items())
    lines = [
        f"{told['batch']}: {len(told['cases'])} cases, {states}",
        *(f"  {line}" for line in told["summary"]),
    ]
    if told["to_confirm"]:
        lines.append(
            f"  {told['to_confirm']} can be agreed to, by {told['people_needed']} people; their short hash is "
            f"{told['short']}"
        )
    return "\n".join(lines)


def _swept(told: dict[str, Any]) -> str:
    words = {
        "returned": "are back after case", "retention": "are due by rule",
        "consent": "have withdrawn a consent by rule",
    }  # fmt: skip
    lines = [
        f"{one['count']:6} {one['object']} in {one['lane']} {words[one['source']]} {one['why']}"
        for one in told["found"]
    ]
    if told["opened"]:
        lines.append(f"opened {len(told['opened'])} cases as {told['batch']}")
    if told["already"]:
        lines.append(f"{told['already']} are in a case that is not over")
    doubt = f", of {told['doubtful']} nobody can say how they stand" if told["doubtful"] else ""
    return "\n".join([*lines, f"{told['looked_at']} records were looked at{doubt}"])


def _return(told: dict[str, Any]) -> str:
    since, last = (
        datetime.fromtimestamp(told[name], UTC).strftime("%Y-%m-%d %H:%MZ") for name in ("first", "last")
    )
    return f"{told['case']}  on {told['lane']}, {told['count']} times from {since} to {last}"


def _short(told: dict[str, Any]) -> str:
    state = told["state"].replace("_", " ")
    clock = f"due {told['due']} ({told['used_percent']} % of the time used)"
    mark = {"near": "  DUE SOON", "passed": "  OVERDUE"}.get(told["clock"], "")
    lines = [f"{told['case']}  {state}  {told['law']}, {clock}{mark}"]
    lines += [f"  {told[name]}" for name in ("reason", "trouble") if told[name]]
    return "\n".join(lines)


def _long(told: dict[str, Any]) -> str:
    lines = [_short(told), *(f"  {line}" for line in told["summary"])]
    lines += [f"  hold {one['hold']} ({one['owner']}): {one['because']}" for one in told["holds"]]
    lines += [
        f"  exception {one['exception']} ({one['owner']}): {one['provision']}: {one['because']}"
        for one in told["exceptions"]
    ]
    if told["state"] in {"awaiting_confirmation", "awaiting_approval", "cooling_off"}:
        agreed, needed = len(told["agreed"]), told["people_needed"]
        lines.append(f"  {agreed} of {needed} people have agreed; the plan's short hash is {told['short']}")
    if told["follows"]:
        lines.append(f"  it goes on with case {told['follows']}: these records came while that was carried out")
    if told["followed"]:
        lines.append(
            f"  records that came since are the matter of case {told['followed']}; it has to be agreed to"
        )
    if told["left"]:
        leaving, needed = len(told["leaving"]), max(1, told["people_needed"])
        lines.append(
            f"  {leaving} of {needed} people leave it at what is refused; its short hash is {told['left']}"
        )
    for one in told["findings"]:
        where = f"{one['lane']} {one['place']}".strip()
        more = " ".join(each for each in (one["until"] and f"until {one['until']}", one["why"]) if each)
        lines.append(f"  {one['verdict']:12} {where} ({one['how']}, {one['count']}) {more}".rstrip())
    for one in told["recipients"]:
        state = "has acknowledged" if one["acknowledged"] else "was told" if one["sent"] else "is to be told"
        state += f" (tried {one['tries']} times: {one['trouble']})" if one["trouble"] else ""
        lines.append(f"  recipient {one['recipient']}: {one['disclosures']} disclosures, {state}")
    lines += [f"  certificate: {one['edition']}" for one in told["issued"]]
    return "\n".join(lines)
