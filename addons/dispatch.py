"""The one way into every hook, and the outermost guard around all of them."""

# mypy: disable-error-code="no-untyped-call"

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import fields
from typing import Any, Final

from mitmproxy import connection, exceptions, flow, hooks, http
from mitmproxy.addonmanager import AddonManager, traverse
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from addons import adapter

KNOWN: Final = frozenset({
    "requestheaders", "request", "responseheaders", "response", "error", "malformed",
    "client_connected", "client_disconnected",
    "server_connect", "server_connected", "server_disconnected", "server_connect_error",
    "tls_clienthello", "tls_start_client", "tls_start_server",
    "tls_established_client", "tls_established_server", "tls_failed_client", "tls_failed_server",
    "running", "done",
})  # fmt: skip
"""What can happen on a lane. Anything else (CONNECT, TCP, UDP, DNS, WebSocket, a hook of a later version) is
denied without asking an add-on."""


class GuardedAddons(AddonManager):
    """mitmproxy's add-on manager, failing closed.

    The inherited one logs an exception and lets the original message go on. This one denies what the hook
    was about, whatever was raised, and says nothing of it; it also keeps the list of hooks, which is a fifth
    of the inherited one's time per request.
    """

    def __init__(self, master: Any) -> None:
        super().__init__(master)
        self._table: dict[str, tuple[Callable[..., Any], ...]] = {}
        self._argument: dict[type[hooks.Hook], str] = {}
        self._left: dict[hooks.Hook, Coroutine[Any, Any, None]] = {}
        """What is left of hooks that were started and have to wait."""
        self.sealed = False
        """From now on the chain cannot change (FX-12)."""

    def register(self, addon: Any) -> Any:
        """Register an add-on, unless the chain is sealed."""
        self._refuse_when_sealed()
        self._table.clear()
        return super().register(addon)

    def remove(self, addon: Any) -> None:
        """Remove an add-on, unless the chain is sealed."""
        self._refuse_when_sealed()
        self._table.clear()
        super().remove(addon)

    def _refuse_when_sealed(self) -> None:
        if self.sealed:
            raise exceptions.AddonManagerError("the chain of add-ons is sealed")

    def start(self, event: hooks.Hook) -> bool:
        """Run a hook as far as it goes without waiting; return whether it is over.

        If it is not, `handle_lifecycle` goes on with it, and has to be awaited for the same event.
        """
        left = self._run(event)
        if left is not None:
            self._left[event] = left
        return left is None

    async def handle_lifecycle(self, event: hooks.Hook) -> None:
        """Run a hook; deny what it is about when anything at all goes wrong."""
        await self.trigger_event(event)

    async def trigger_event(self, event: hooks.Hook) -> None:
        """Run a hook in every add-on that has it, in the order of the chain."""
        left = self._left.pop(event, None) or self._run(event)
        if left is not None:
            await left

    def _run(self, event: hooks.Hook) -> Coroutine[Any, Any, None] | None:
        subject = self._subject(event)
        if event.name in KNOWN:
            return self._ask(self._functions(event.name), subject)
        deny(subject)
        return None

    def _ask(self, functions: tuple[Callable[..., Any], ...], subject: Any) -> Coroutine[Any, Any, None] | None:
        """Ask add-ons until one has to wait; return the rest of the work, or None when there is none."""
        for position, function in enumerate(functions, start=1):
            try:
                waiting = function() if subject is None else function(subject)
            except (SystemExit, KeyboardInterrupt):
                deny(subject)
                raise
            except BaseException:  # noqa: BLE001 - fail closed, whatever it is
                deny(subject)
            else:
                if waiting is not None:
                    return self._wait(waiting, functions[position:], subject)
        return None

    async def _wait(self, waiting: Awaitable[Any], later: tuple[Callable[..., Any], ...], subject: Any) -> None:
        """Wait for one add-on, then ask those after it."""
        try:
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
        left = self._ask(later, subject)
        if left is not None:
            await left

    def _subject(self, event: hooks.Hook) -> Any:
        kind = type(event)
        if kind not in self._argument:
            names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
            self._argument[kind] = names[0] if names else ""
        name = self._argument[kind]
        return getattr(event, name) if name else None

    def _functions(self, name: str) -> tuple[Callable[..., Any], ...]:
        found = self._table.get(name)
        if found is None:
            found = tuple(getattr(addon, name) for addon in traverse(self.chain) if hasattr(addon, name))
            self._table[name] = found
        return found


def deny(subject: object) -> None:
    """Make sure that nothing comes of what a hook was about; cannot fail."""
    if isinstance(subject, http.HTTPFlow):
        mark = adapter.block(subject)
        if mark is not None:
            mark.close = True
            mark.refuse()
    if isinstance(subject, flow.Flow):
        adapter.kill(subject)
    elif isinstance(subject, ServerConnectionHookData):
        subject.server.error = "denied"
    elif isinstance(subject, connection.Connection):
        subject.error = "denied"
