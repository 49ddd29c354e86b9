"""The layer at the bottom of a client's connection: mitmproxy's bytes to our conversation, and back.

It is the last layer there is. No layer of mitmproxy's comes after it, so there is none that could answer,
forward or take a connection for something else; what it sends is what `Conversation` hands it, byte for byte.
"""

from dataclasses import dataclass
from typing import Final

from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context

from addons.http1 import Conversation

Steps = layer.CommandGenerator[None]


@dataclass
class Say(events.Event):
    """Our conversation has something to say."""

    wire: tuple[bytes, ...]


@dataclass
class End(events.Event):
    """It is over."""


class Porch(layer.Layer):
    """Stands below a connection's TLS layer, which looks there, and does nothing."""

    def _handle_event(self, event: events.Event) -> Steps:
        del event
        yield from ()


class Door(layer.Layer):
    """One client's connection, TLS already taken off."""

    def __init__(self, context: Context, conversation: Conversation) -> None:
        super().__init__(context)
        self.conversation: Final = conversation

    def _handle_event(self, event: events.Event) -> Steps:
        client = self.context.client
        if isinstance(event, events.DataReceived):
            self.conversation.received(event.data)
        elif isinstance(event, Say):
            for piece in event.wire:
                yield commands.SendData(client, piece)
        elif isinstance(event, End):
            yield commands.CloseConnection(client)
        elif isinstance(event, events.Start):
            self.conversation.begin(client.sni)
        elif isinstance(event, events.ConnectionClosed):
            self.conversation.left()

    def __repr__(self) -> str:
        # The inherited one shows the state of the layer; nothing here may end in a log with a value.
        return "Door()"
