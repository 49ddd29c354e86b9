"""One accepted connection: mitmproxy's I/O with a stack of layers that we chose.

The stack is fixed here and never guessed from what the client sends, so there is no raw TCP to fall back to
(M04, M06, M07): TLS if the lane has it, then `Door`. A TLS lane cannot be spoken to in plaintext, and a
plaintext lane refuses a ClientHello as a malformed head. `lockdown.check_stack` looks at it before anything is
served.
"""

# mypy: disable-error-code="no-untyped-call"

import asyncio
import contextlib

from mitmproxy.master import Master
from mitmproxy.proxy.layers import ClientTLSLayer
from mitmproxy.proxy.mode_servers import ProxyConnectionHandler
from mitmproxy.proxy.mode_specs import ProxyMode

from addons.door import Door, End, Porch, Say
from addons.http1 import Conversation, Lane, Underway


class LaneConnection(ProxyConnectionHandler):
    """A client's connection to one lane."""

    def __init__(
        self,
        master: Master,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        lane: Lane,
        mode: ProxyMode,
        underway: Underway,
    ) -> None:
        super().__init__(master, reader, writer, master.options, mode)
        self._writer = writer
        self._secured = lane.spec.tls is not None
        context = self.layer.context
        self.conversation = Conversation(lane, underway, self, str(self.client.peername[0]))
        if self._secured:
            Porch(context)  # ClientTLSLayer looks at the layer below it
            tls = self.layer = ClientTLSLayer(context)
            tls.child_layer = Door(context, self.conversation)
        else:
            self.layer = Door(context, self.conversation)

    def log(self, *_args: object, **_options: object) -> None:
        """Say nothing: what mitmproxy says here quotes peers, addresses and exceptions (M23)."""

    async def drain_writers(self) -> None:
        """Read no further while something is sent ahead of an answer; the rest stays in the client's socket."""
        await self.conversation.room()

    # ---- what a conversation needs of its host -----------------------------------------------------------

    async def say(self, wire: tuple[bytes, ...]) -> None:
        """Send bytes, through TLS if the lane has it; where it has none, there is no layer to ask."""
        if self._secured:
            await self.server_event(Say(wire))
            return
        self.timeout_watchdog.register_activity()
        for piece in wire:
            if not self._writer.is_closing():
                self._writer.write(piece)

    async def sent(self) -> None:
        """Return when little is left to send, or the connection is lost."""
        if self._writer.transport.get_write_buffer_size():
            with contextlib.suppress(OSError):
                await self._writer.drain()

    async def end(self) -> None:
        """Close, once everything is sent."""
        await self.server_event(End())

    def hang_up(self) -> None:
        """Close the client's connection; what is already written still goes out."""
        io = self.transports.get(self.client)
        if io is not None and io.handler is not None:
            io.handler.cancel("hang up")

    def abort(self) -> None:
        """Close it, and drop what is not sent yet."""
        self._writer.transport.abort()
        self.hang_up()

    def hang_up_unless_heard(self) -> None:
        """Close the connection when not one byte of a request has come by now, a TLS handshake apart."""
        if not self.conversation.heard:
            self.hang_up()
