"""`lychgate demo`: real clients talking through Lychgate to sandbox CRMs, or to a real Tryton server."""

import sys

import click


@click.command()
@click.option("--crm", type=click.Choice(["sandbox", "tryton"]), default="sandbox", show_default=True)
def demo(crm: str) -> None:
    """Show what three people get of the same records, and what they are refused.

    Exit code 0 when everything shown was as promised.
    """
    try:
        from proxy.demo import perform  # noqa: PLC0415 - the SDKs it drives are no part of a gateway
    except ImportError as error:
        raise click.UsageError(f"the demo drives real SDKs: install {error.name} beside Lychgate") from None
    sys.exit(perform(crm))
