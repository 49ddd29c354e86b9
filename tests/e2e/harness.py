"""One installation inside the test's process: everything of Lychgate but the sockets.

`GatewayHarness.exchange` plays the data plane: it hands a request to a real `Gateway` (connector, identity,
policy, transforms, ledger, all built by `proxy.app.build` from an installation on disk), gives what was
forwarded to an upstream that the caller supplies, and hands the answer back in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Self

from proxy.app import KEY_FILE, App, build
from proxy.config import load_config
from proxy.crypto import derive, read_key
from proxy.demo.installation import Crm, Installation, LaneOf, make_installation
from proxy.message import Request, Response
from proxy.subjects import Pseudonyms
from tests.e2e.reading import Entry, entries_of, told_of

CRM_TOKEN = "only-lychgate-has-this"
"""What the CRM is shown; no client has it, and no client may ever see it."""
TRYTON_LOGIN = f"lychgate:{CRM_TOKEN}"

Upstream = Callable[[Request], Response]


@dataclass(frozen=True, slots=True)
class Ended:
    """One exchange when it is over."""

    forwarded: Request | None
    """What the CRM was sent; None: nothing was."""
    response: Response
    entries: tuple[Entry, ...]
    """What the ledger says of it, oldest first."""


class GatewayHarness:
    """A lane for each CRM with the example policies, and a key for every client."""

    def __init__(self, installation: Installation, app: App) -> None:
        self.installation = installation
        self.app = app
        self._pseudonyms = Pseudonyms(derive(read_key(installation.folder / "state" / KEY_FILE), "pseudonyms"))

    @classmethod
    def make(
        cls,
        folder: Path,
        policies: Mapping[str, str] = MappingProxyType({}),
        prepare: Callable[[Installation], None] = lambda made: None,
    ) -> Self:
        """Return a harness whose installation lies in `folder`; `close` it.

        Args:
            folder: must not hold an installation yet.
            policies: files of the example policies to write anew, by name; "" removes one.
            prepare: changes the installation before anything is built from it.
        """
        crms: tuple[Crm, ...] = ("salesforce", "hubspot", "dynamics", "odoo", "pipedrive", "zoho", "suitecrm")
        lanes = {crm: LaneOf(0, "http://127.0.0.1:9", CRM_TOKEN) for crm in crms}
        lanes["tryton"] = LaneOf(0, "http://127.0.0.1:9", TRYTON_LOGIN, "Basic")
        made = make_installation(folder, lanes, admin=0)
        for name, text in policies.items():
            path = made.folder / "policies" / "example" / f"{name}.yaml"
            path.write_text(text, "utf-8") if text else path.unlink()
        prepare(made)
        return cls(made, build(load_config(made.config)))

    def close(self) -> None:
        """Let go of the ledger."""
        self.app.ledger.close()

    def credentials(self, client: str, purpose: str | None = None) -> tuple[tuple[str, str], ...]:
        """Return the fields by which one of the example clients says who it is and what for."""
        fields = (("authorization", f"Bearer {self.installation.keys[client]}"),)
        return (*fields, ("x-purpose", purpose)) if purpose is not None else fields

    def pseudonym(self, record: str) -> str:
        """Return what stands in the ledger for a record id of the CRM."""
        return self._pseudonyms.of("record", record)

    def entries(self) -> list[Entry]:
        """Return everything that is in the ledger, oldest first."""
        return entries_of(self.installation.ledger)

    async def exchange(self, lane: str, request: Request, upstream: Upstream) -> Ended:
        """Return how one exchange on `lane` ends.

        Args:
            lane: name of a connector: `salesforce`, `hubspot`, `dynamics`, `odoo` or `tryton`.
            request: as the data plane would make it: names of headers in lower case.
            upstream: gets what is forwarded and answers as the CRM.
        """
        gateway = self.app.gateways[lane]
        result = await gateway.on_request(request)
        forwarded = None
        if not isinstance(result, Response):
            forwarded = result.request
            result = await gateway.on_response(result, upstream(forwarded))
        decision = result.headers.one("lychgate-decision")
        assert decision is not None
        return Ended(forwarded, result, tuple(told_of(self.installation.ledger, decision)))
