"""The socket below the state folder: for the account that owns it, one question at a time."""

import asyncio
import socket
from pathlib import Path

import pytest

from proxy.console.control import SOCKET, ask, controlled
from proxy.errors import LychgateError


async def double(text: str) -> str:
    """Answer, or refuse."""
    if text == "no":
        raise LychgateError("this cannot be done")
    return text * 2


async def test_what_is_asked_is_answered_or_refused(tmp_path: Path) -> None:
    """Answers and problems come back; what is not known is a problem; the socket is its owner's."""
    state = tmp_path / ("long" * 25)  # longer than a socket's path may be
    state.mkdir(mode=0o700)
    async with controlled(state, {"double": double}):
        assert (state / SOCKET).stat().st_mode & 0o077 == 0
        assert await asyncio.to_thread(ask, state, "double", "ab") == "abab"
        with pytest.raises(LychgateError, match="cannot be done"):
            await asyncio.to_thread(ask, state, "double", "no")
        with pytest.raises(LychgateError, match="does not know"):
            await asyncio.to_thread(ask, state, "halve", "ab")
    assert await asyncio.to_thread(ask, state, "double", "ab") is None
    assert not (state / SOCKET).exists()


async def test_a_socket_that_a_dead_process_left_is_replaced(tmp_path: Path) -> None:
    """It is no process that runs; the next one takes its place."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / SOCKET))
    assert await asyncio.to_thread(ask, tmp_path, "double", "ab") is None
    async with controlled(tmp_path, {"double": double}):
        assert await asyncio.to_thread(ask, tmp_path, "double", "ab") == "abab"


@pytest.mark.parametrize("raw", [b"\n", b"[]\n", b"{}\n", b'{"verb": "double"}\n', b"x" * 9000])
async def test_what_is_no_question_does_nothing(tmp_path: Path, raw: bytes) -> None:
    """Nothing is done, and the next one is answered."""
    async with controlled(tmp_path, {"double": double}):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / SOCKET))
        writer.write(raw)
        said = await reader.read()
        assert b"answer" not in said
        writer.close()
        assert await asyncio.to_thread(ask, tmp_path, "double", "ab") == "abab"
