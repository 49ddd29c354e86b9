"""The demo from curtain to curtain: set up, show, count."""

import tempfile
import time
from pathlib import Path

import click

from proxy.demo import scenes_crm, scenes_erasure, scenes_operator
from proxy.demo.installation import Crm, LaneOf
from proxy.demo.processes import free_port
from proxy.demo.stage import Stage
from proxy.demo.under_way import started
from proxy.sandbox import HubSpotSandbox, SalesforceSandbox, running

CRM_TOKEN = "only-lychgate-has-this"  # noqa: S105 - what the sandbox is told to accept


def perform(crm: str) -> int:
    """Show everything and return the exit code: 0 when all that was shown was as promised.

    Args:
        crm: `sandbox` for Salesforce and HubSpot, `tryton` for a real Tryton server.
    """
    stage, began = Stage(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lychgate-demo-") as folder:
        if crm == "tryton":
            from proxy.demo import scenes_tryton  # noqa: PLC0415 - only then is there a Tryton to talk to

            scenes_tryton.show(stage, Path(folder))
        else:
            _sandboxes(stage, Path(folder))
    click.echo(f"\n({time.monotonic() - began:.0f} s)")
    return stage.close()


def _sandboxes(stage: Stage, folder: Path) -> None:
    salesforce, hubspot = SalesforceSandbox(CRM_TOKEN), HubSpotSandbox(CRM_TOKEN)
    with running(salesforce) as here, running(hubspot) as there:
        lanes: dict[Crm, LaneOf] = {
            "salesforce": LaneOf(free_port(), here.url, CRM_TOKEN, tls=True),
            "hubspot": LaneOf(free_port(), there.url, CRM_TOKEN),
        }
        with started(folder, lanes) as run:
            scenes_operator.introduction(stage, run)
            scenes_crm.salesforce(stage, run, salesforce)
            scenes_crm.hubspot(stage, run, hubspot)
            scenes_operator.policy_edit(stage, run, scenes_crm.phone_the_agent_sees(run))
            scenes_operator.metrics(stage, run)
            scenes_operator.audit(stage, run)
            scenes_erasure.erasure(stage, run, salesforce, hubspot)
