"""`lychgate sandbox`: a small CRM with fictitious people, to try things on."""

import asyncio
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from proxy.sandbox import (
    DynamicsSandbox,
    HubSpotSandbox,
    OdooSandbox,
    PipedriveSandbox,
    SalesforceSandbox,
    Sandbox,
    SuiteCrmSandbox,
    Tls,
    ZohoSandbox,
)

_EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def sandbox() -> None:
    """Run a small CRM in memory, with fictitious people in it."""


def _options(command: Callable[..., None]) -> Callable[..., None]:
    """Put the options on that both CRMs take."""
    options: list[Callable[[Any], Any]] = [
        click.option(
            "--listen", default="127.0.0.1:0", metavar="HOST:PORT", show_default=True, help="Port 0: any."
        ),
        click.option("--tls-cert", type=_EXISTING, help="PEM certificate chain; with --tls-key, serves https."),
        click.option("--tls-key", type=_EXISTING, help="PEM private key of --tls-cert."),
        click.option(
            "--token-file", type=_EXISTING, help="The bearer token to ask for; a random one if missing."
        ),
        click.option(
            "--people", default=12, type=click.IntRange(1), show_default=True, help="How many contacts."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@sandbox.command()
@_options
def salesforce(**options: Any) -> None:
    """Serve Salesforce's REST API: records, SOQL, SOSL, recycle bin."""
    _serve(SalesforceSandbox, **options)


@sandbox.command()
@_options
def hubspot(**options: Any) -> None:
    """Serve HubSpot's CRM API: contacts, companies, deals, tickets, search, associations, lists, exports."""
    _serve(HubSpotSandbox, **options)


@sandbox.command()
@_options
def dynamics(**options: Any) -> None:
    """Serve Dataverse's Web API by OData: contacts, leads, accounts, notes, activities, bin, auditing."""
    _serve(DynamicsSandbox, **options)


@sandbox.command()
@_options
def odoo(**options: Any) -> None:
    """Serve Odoo's external API by XML-RPC, JSON-RPC and JSON-2: partners, leads, messages, attachments."""
    _serve(OdooSandbox, **options)


@sandbox.command()
@_options
def pipedrive(**options: Any) -> None:
    """Serve Pipedrive's API v1 and v2: persons, organizations, deals, leads, activities, notes, files."""
    _serve(PipedriveSandbox, **options)


@sandbox.command()
@_options
def zoho(**options: Any) -> None:
    """Serve Zoho CRM's API v8: records, COQL, search, recycle bin, lists of deleted records."""
    _serve(ZohoSandbox, **options)


@sandbox.command()
@_options
def suitecrm(**options: Any) -> None:
    """Serve SuiteCRM's API V8: contacts, leads, accounts, cases, notes, e-mail addresses as JSON:API."""
    _serve(SuiteCrmSandbox, **options)


_Kind = type[
    SalesforceSandbox
    | HubSpotSandbox
    | DynamicsSandbox
    | OdooSandbox
    | PipedriveSandbox
    | ZohoSandbox
    | SuiteCrmSandbox
]


def _serve(
    kind: _Kind,
    *,
    listen: str,
    tls_cert: Path | None,
    tls_key: Path | None,
    token_file: Path | None,
    people: int,
) -> None:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal():
        raise click.BadParameter("write HOST:PORT, for instance 127.0.0.1:8443", param_hint="--listen")
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together")
    token = token_file.read_text("utf-8").strip() if token_file else secrets.token_urlsafe(24)
    if not token:
        raise click.BadParameter("the file is empty", param_hint="--token-file")
    crm = kind(token, people=people)
    tls = Tls(tls_cert, tls_key) if tls_cert and tls_key else None
    note = "" if token_file else f"; bearer token for this run: {token}"
    try:
        asyncio.run(_until_stopped(crm, host.strip("[]"), int(port), tls, f"{people} fictitious people{note}"))
    except OSError as problem:
        raise click.ClickException(f"cannot serve on {listen}: {problem.strerror or problem}") from None


async def _until_stopped(crm: Sandbox, host: str, port: int, tls: Tls | None, what: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    address = await crm.start(host, port, tls)
    click.echo(f"sandbox {crm.name}: {address.url} holds {what}. Nothing is kept. Ctrl-C stops it.")
    await stop.wait()
    await crm.stop()
