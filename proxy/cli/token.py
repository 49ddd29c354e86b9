"""`lychgate token`: what stands behind a token or an envelope, for somebody who answers for asking."""

from pathlib import Path

import click

from proxy.app import KEY_FILE
from proxy.cli.keying import CONFIG, FORM, Custody, custody, say
from proxy.crypto import derive, read_key
from proxy.errors import LychgateError
from proxy.model import Protection
from proxy.subjects import Pseudonyms
from proxy.vault import Opening, Returned, Shown, rows
from proxy.vault.rows import Value
from proxy.vault.vault import handles_in


@click.group()
def token() -> None:
    """Look up what stands behind a token."""


@token.command()
@click.argument("text")
@click.option("--reveal", is_flag=True, help="Print the value itself, too.")
@CONFIG
@FORM
def lookup(text: str, reveal: bool, path: Path, form: str) -> None:  # noqa: FBT001
    """Say which record a token or envelope belongs to; with --reveal also its value.

    That somebody looked, at which record, and whether the value was shown, is in the ledger before anything is
    printed. Whether the person may know it is not decided here: whoever can run this reads the keys.
    """
    handles = handles_in([text])
    if len(handles) != 1:
        raise click.UsageError("that is no token and no envelope; give the whole text, as the CRM has it")
    with custody(path) as held:
        with held.kept.store.read() as connection:
            found = rows.by_handle(connection, handles).get(handles[0])
        if found is None:
            raise LychgateError("nobody knows it: it was never made here, or the person behind it was erased")
        _note(held, found, reveal=reveal)
        value = _opened(held, found, text) if reveal else ""
    where = f"{found.connector} {found.object}.{found.field} of record {found.record or 'not known yet'}"
    told: dict[str, object] = {
        "connector": found.connector,
        "object": found.object,
        "field": found.field,
        "element": found.element,
        "record": found.record,
        "made_at": found.created_at,
    }
    say(form, f"{where}\n{value}" if reveal else where, **told, **({"value": value} if reveal else {}))


def _note(held: Custody, found: Value, *, reveal: bool) -> None:
    pseudonyms = Pseudonyms(derive(read_key(held.config.state / KEY_FILE), "pseudonyms"))
    record = pseudonyms.of("record", found.record) if found.record is not None else "unknown"
    place = f"connector={found.connector} object={found.object} field={found.field}".lower().replace(".", "_")
    held.note("value_looked_up", f"{place} record={record} revealed={'yes' if reveal else 'no'}")


def _opened(held: Custody, found: Value, text: str) -> str:
    protection = Protection(
        "lookup", found.connector, found.object, found.field, "envelope", found.element, normaliser=""
    )
    returned = held.kept.vault.settle(Opening((Shown(protection, text, found.record),)))
    assert isinstance(returned, Returned)
    (opened,) = returned.values
    if opened.fate != "opened":
        raise LychgateError("its key is gone, or nobody has said yet which record it belongs to")
    return opened.text
