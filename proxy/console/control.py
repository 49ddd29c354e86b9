"""What an operator's own account can have done at once: a Unix socket below the state folder.

One line of JSON in, one out, and the connection ends. Whoever can open the socket can also replace the state
folder's files; the socket's mode keeps everybody else out.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from proxy.errors import LychgateError

SOCKET: Final = "control.sock"
"""Below the state folder."""
_LINE: Final = 256 * 1024
_SECONDS: Final = 10.0
_LONG_SECONDS: Final = 600.0
"""For what has a whole CRM looked through; who asks says how long it waits."""

Verb = Callable[[str], Awaitable[object]]
"""Gets the one argument; what it returns is the answer, what it raises of ours the problem."""


@contextlib.asynccontextmanager
async def controlled(state: Path, verbs: Mapping[str, Verb]) -> AsyncIterator[None]:
    """Answer on the state folder's socket while the context lasts; the caller holds the folder's ledger.

    Raises:
        OSError: the socket cannot be made.
    """

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                line = await reader.readline()
            async with asyncio.timeout(_LONG_SECONDS):
                said = await _answer(line, verbs)
                writer.write(json.dumps(said).encode() + b"\n")
                await writer.drain()
        except (OSError, TimeoutError, ValueError):
            pass  # whoever asked sees no answer, and so no success
        finally:
            writer.close()

    with _bound(state) as listening:
        server = await asyncio.start_unix_server(answer, sock=listening, limit=_LINE)
        try:
            yield
        finally:
            server.close()
            (state / SOCKET).unlink(missing_ok=True)


def ask(state: Path, verb: str, argument: str, *, seconds: float = _SECONDS) -> object | None:
    """Return what the process that runs on this state folder answers in so many seconds; None if none runs.

    Raises:
        LychgateError: it says that this cannot be done, or does not answer.
    """
    with _folder(state) as folder, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(seconds)
        try:
            line.connect(f"{folder}/{SOCKET}")
        except (FileNotFoundError, ConnectionRefusedError):
            return None
        except OSError as error:
            raise LychgateError(f"the process that runs cannot be reached: {error.strerror}") from None
        try:
            line.sendall(json.dumps({"verb": verb, "argument": argument}).encode() + b"\n")
            with line.makefile("rb") as stream:
                said = json.loads(stream.readline())
        except (OSError, ValueError):
            raise LychgateError(
                "the process that runs did not say whether it is done; look, and repeat"
            ) from None
    if problem := said.get("problem"):
        raise LychgateError(problem)
    answer: object = said.get("answer")
    return answer


async def _answer(line: bytes, verbs: Mapping[str, Verb]) -> dict[str, object]:
    asked = json.loads(line)
    try:
        verb = verbs[asked["verb"]]
        return {"answer": await verb(str(asked["argument"]))}
    except (KeyError, TypeError):
        return {"problem": "this version does not know what was asked"}
    except LychgateError as error:
        return {"problem": str(error)}


@contextlib.contextmanager
def _folder(state: Path) -> Iterator[str]:
    """Yield a short name of the folder: a socket's path has at most 107 bytes."""
    fd = os.open(state, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{fd}"
    finally:
        os.close(fd)


@contextlib.contextmanager
def _bound(state: Path) -> Iterator[socket.socket]:
    (state / SOCKET).unlink(missing_ok=True)  # whoever held the ledger before us is gone
    with _folder(state) as folder, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as made:
        before = os.umask(0o177)
        try:
            made.bind(f"{folder}/{SOCKET}")
        finally:
            os.umask(before)
        yield made
