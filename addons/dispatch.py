"""The one way into every hook, and the outermost guard around all of them."""

# mypy: disable-error-code="no-untyped-call"

import asyncio
from dataclasses import fields
from typing import Any, Final

from mitmproxy import connection, exceptions, flow, hooks
from mitmproxy.addonmanager import AddonManager, traverse
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

KNOWN: Final = frozenset({
    "client_connected", "client_disconnected",
    "tls_clienthello", "tls_start_client", "tls_established_client", "tls_failed_client",
    "running", "done",
})  # fmt: skip
"""What can happen on a lane: a client comes, begins TLS, goes. Anything else (a layer to choose, a connection to
open, HTTP, TCP, UDP, DNS, WebSocket, a hook of a later version) is denied without asking an add-on."""


class GuardedAddons(AddonManager):
    """mitmproxy's add-on manager, failing closed.

    The inherited one logs an exception and goes on. This one denies what the hook was about, whatever was
    raised, and says nothing of it.
    """

    def __init__(self, master: Any) -> None:
        super().__init__(master)
        self.sealed = False
        """From now on the chain cannot change (FX-12)."""

    def register(self, addon: Any) -> Any:
        """Register an add-on, unless the chain is sealed."""
        self._refuse_when_sealed()
        return super().register(addon)

    def remove(self, addon: Any) -> None:
        """Remove an add-on, unless the chain is sealed."""
        self._refuse_when_sealed()
        super().remove(addon)

    def _refuse_when_sealed(self) -> None:
        if self.sealed:
            raise exceptions.AddonManagerError("the chain of add-ons is sealed")

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Run a hook; deny what it is about when anything at all goes wrong."""
        await self.trigger_event(event)

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Run a hook in every add-on that has it, in the order of the chain."""
        names = [field.name for field in fields(event)]  # type: ignore[arg-type]
        subject = getattr(event, names[0]) if names else None
        if event.name not in KNOWN:
            deny(subject)
            return
        for addon in traverse(self.chain):
            function = getattr(addon, event.name, None)
            if function is not None:
                await self._ask(function, subject)

    async def _ask(self, function: Any, subject: Any) -> None:
        try:
            waiting = function() if subject is None else function(subject)
            if waiting is not None:
                await waiting
        except (SystemExit, KeyboardInterrupt):
            deny(subject)
            raise
        except asyncio.CancelledError:
            deny(subject)
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
        except BaseException:  # noqa: BLE001 - fail closed, whatever it is
            deny(subject)


def deny(subject: object) -> None:
    """Make sure that nothing comes of what a hook was about; cannot fail."""
    if isinstance(subject, flow.Flow):
        if subject.killable:
            subject.kill()
    elif isinstance(subject, ServerConnectionHookData):
        subject.server.error = "denied"
    elif isinstance(subject, connection.Connection):
        subject.error = "denied"
