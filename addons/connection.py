"""One accepted connection: mitmproxy's I/O with a stack of layers that we chose.

The stack is fixed here and never guessed from what the client sends, so there is no raw TCP to fall back to
(M04, M06, M07): TLS if the lane has it, then Doorway. A TLS lane cannot be spoken to in plaintext, and a
plaintext lane refuses a ClientHello as a malformed head.
"""

# mypy: disable-error-code="no-untyped-call"

import asyncio
from typing import TYPE_CHECKING

from mitmproxy.proxy import commands
from mitmproxy.proxy.layers import ClientTLSLayer
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.mode_specs import ProxyMode

from addons.doorway import Doorway, Porch
from addons.mark import Lane
from addons.underway import Underway

if TYPE_CHECKING:
    from addons.master import LaneMaster


class LaneConnection(ProxyConnectionHandler):
    """A client's connection to one lane, with the upstream already decided."""

    def __init__(
        self,
        master: "LaneMaster",
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        lane: Lane,
        mode: ProxyMode,
        underway: Underway,
    ) -> None:
        super().__init__(master, reader, writer, master.options, mode)
        self.lane = lane
        context, spec = self.layer.context, lane.spec
        context.server.address = (spec.upstream_host, spec.upstream_port)
        context.server.tls = spec.upstream_scheme == "https"
        context.server.sni = spec.upstream_host
        if spec.tls is not None:
            Porch(context)  # ClientTLSLayer looks at the layer below it
            tls = self.layer = ClientTLSLayer(context)
            self.door = tls.child_layer = Doorway(context, lane, underway, master.guarded.start)
        else:
            self.door = self.layer = Doorway(context, lane, underway, master.guarded.start)

    def log(self, *_args: object, **_options: object) -> None:
        """Say nothing: what mitmproxy says here quotes peers, addresses and exceptions (M23)."""

    async def handle_hook(self, hook: commands.StartHook) -> None:
        """Run a hook; while it runs, the connection is not idle."""
        watchdog = self.timeout_watchdog
        watchdog.can_timeout.clear()
        watchdog.blocker += 1
        try:
            await self.master.addons.handle_lifecycle(hook)
        finally:
            watchdog.blocker -= 1
            if watchdog.blocker == 0:
                watchdog.register_activity()
                watchdog.can_timeout.set()

    @property
    def idle(self) -> bool:
        """Whether no exchange is under way."""
        return self.door.mark is None

    def hang_up(self) -> None:
        """Close the client's connection; what is already written still goes out."""
        io = self.transports.get(self.client)
        if io is not None and io.handler is not None:
            io.handler.cancel("hang up")

    def hang_up_unless_heard(self) -> None:
        """Close the connection when not one byte of a request has come by now, a TLS handshake apart."""
        if not self.door.heard:
            self.hang_up()
