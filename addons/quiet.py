"""mitmproxy in silence: no text of its own making reaches a log (M23).

Its records quote request lines, peers' bytes and exceptions with their arguments. What is passed on is where
in its code something was said and how serious it is, which is constant text.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Any, Final

log: Final = logging.getLogger("lychgate.host")
_SPEAKERS: Final = ("mitmproxy", "mitmproxy_rs", "asyncio", "hpack", "h2", "wsproto", "aioquic", "quic")


class PlaceOnly(logging.Handler):
    """Replaces a record by the name and line of the code that made it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass on the place, never the message, its arguments or its exception."""
        log.log(record.levelno, "the host reported something at %s:%d", record.name, record.lineno)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence mitmproxy and the libraries below it until the block ends."""
    handler = PlaceOnly(logging.WARNING)
    before = []
    for name in _SPEAKERS:
        speaker = logging.getLogger(name)
        before.append((speaker, speaker.handlers, speaker.propagate, speaker.level))
        speaker.handlers, speaker.propagate = [handler], False
        speaker.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for speaker, handlers, propagate, level in before:
            speaker.handlers, speaker.propagate = handlers, propagate
            speaker.setLevel(level)


def loop_trouble(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report what nobody awaited by the type of its exception; its text may quote anything."""
    error = context.get("exception")
    log.error(
        "something went wrong in a task: %s", type(error).__name__ if error is not None else "no exception"
    )
