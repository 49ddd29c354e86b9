"""Small CRMs to try Lychgate on: they hold fictitious people and answer like the documented APIs.

Nouns: a `Sandbox` is one CRM (`SalesforceSandbox`, `HubSpotSandbox`,
`DynamicsSandbox`, `OdooSandbox`, `PipedriveSandbox`,
`SuiteCrmSandbox`, `ZohoSandbox`) with a store of its own; a `Call` comes
in, an `Answer` goes out; `Faults` make it misbehave on demand; an `Address` is where it listens. The story
starts in `server.Sandbox.start`; what a call does is in `rest.py` of its folder.

What it does not do: keep anything after it stops, guard anything (whoever has the token may do everything,
as an administrator of a real CRM may), or know Lychgate. Nothing of the engine imports it, and it imports
nothing of the engine: it has its own reading of SOQL, so that it can judge what the proxy sends.

Why Tornado: it is in the lock anyway, speaks plain asyncio, and hands over a whole request to one function.
Why faults are not reachable over HTTP: a client under test must not be able to switch its own misfortune off.
"""

from proxy.sandbox.clock import StoppedClock
from proxy.sandbox.dynamics import DynamicsSandbox
from proxy.sandbox.exchange import Answer, Call
from proxy.sandbox.faults import Fault, Faults
from proxy.sandbox.hubspot import HubSpotSandbox
from proxy.sandbox.odoo import OdooSandbox
from proxy.sandbox.pipedrive import PipedriveSandbox
from proxy.sandbox.salesforce import SalesforceSandbox
from proxy.sandbox.server import Address, Sandbox, Tls, running
from proxy.sandbox.suitecrm import SuiteCrmSandbox
from proxy.sandbox.zoho import ZohoSandbox

__all__ = [
    "Address",
    "Answer",
    "Call",
    "DynamicsSandbox",
    "Fault",
    "Faults",
    "HubSpotSandbox",
    "OdooSandbox",
    "PipedriveSandbox",
    "SalesforceSandbox",
    "Sandbox",
    "StoppedClock",
    "SuiteCrmSandbox",
    "Tls",
    "ZohoSandbox",
    "running",
]
