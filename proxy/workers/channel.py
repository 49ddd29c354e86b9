"""Messages over a Unix socket, each with its length before it."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final, cast

import msgspec

from proxy.workers.messages import encode

_LENGTH: Final = 4
LARGEST: Final = 64 << 20
"""Bytes of a message. The largest is a batch of entries: at most 8,192 of 64 KiB, mostly some hundred bytes."""


class Channel(asyncio.Protocol):
    """One end. Messages arrive in the order in which they were sent; `lost` is the last thing that happens.

    Args:
        decode: makes a message of bytes.
        heard: gets each message.
        lost: called once, when nothing more will come or go.
    """

    def __init__(
        self, decode: Callable[[bytes], Any], heard: Callable[[Any], None], lost: Callable[[], None]
    ) -> None:
        self._decode, self._heard, self._lost = decode, heard, lost
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def over(
        cls,
        end: socket.socket,
        decode: Callable[[bytes], Any],
        heard: Callable[[Any], None],
        lost: Callable[[], None],
    ) -> "Channel":
        """Return a channel over one end of a connected pair, which it closes."""
        loop = asyncio.get_running_loop()
        _, made = await loop.create_unix_connection(lambda: cls(decode, heard, lost), sock=end)
        return made

    def say(self, message: Any) -> None:
        """Send a message; nothing happens if the other end is gone, which `lost` tells."""
        if self._transport is not None and not self._transport.is_closing():
            data = encode(message)
            self._transport.write(len(data).to_bytes(_LENGTH, "big") + data)

    def close(self) -> None:
        """Send what was said, then hang up."""
        if self._transport is not None:
            self._transport.close()

    @property
    def unsent(self) -> int:
        """Bytes that the other end has not taken."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    # ---- called by the event loop ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Hand on each message that is whole by now; anything that is none ends the channel."""
        self._buffer += data
        at = 0
        try:
            while len(self._buffer) - at >= _LENGTH:
                size = int.from_bytes(self._buffer[at : at + _LENGTH], "big")
                if size > LARGEST:
                    raise ValueError
                if len(self._buffer) - at - _LENGTH < size:
                    break
                at += _LENGTH
                self._heard(self._decode(bytes(self._buffer[at : at + size])))
                at += size
        except (ValueError, msgspec.MsgspecError):
            if self._transport is not None:
                self._transport.abort()
        del self._buffer[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        del exc
        self._transport = None
        self._lost()
