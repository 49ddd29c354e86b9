"""How far one exchange has come; it starts refused."""

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from addons.grammar import DENIAL
from addons.lane import LaneSpec
from addons.port import Forward, Gateway
from proxy.message import Headers

MARK: Final = "lychgate"
"""Where in a flow's metadata its mark is."""


class State(Enum):
    """Where an exchange can be. Nothing leads out of REFUSED or RELEASED."""

    UNSEEN = "unseen"
    """The gateway has not said yes; nothing may go upstream."""
    REFUSED = "refused"
    FORWARDED = "forwarded"
    """The gateway said yes to exactly the request that is in the flow; nothing may go to the client."""
    RELEASED = "released"


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane that is being served."""

    spec: LaneSpec
    gateway: Gateway[Any]


@dataclass(frozen=True, slots=True)
class Head:
    """A request's head, checked; what is left of it is handed to the gateway."""

    method: str
    path: str
    query: str
    headers: Headers


@dataclass(slots=True, eq=False)
class Mark:
    """One exchange, from the last byte of its head to the last byte of its answer."""

    lane: Lane
    client: str
    """mitmproxy's id of the client's connection."""
    fault: str | None = None
    """Why the bytes of the head are not acceptable."""
    cause: tuple[str, int] | None = None
    """Why the data plane gave up, and the status to say so with."""
    state: State = State.UNSEEN
    head: Head | None = None
    exchange: Forward | None = None
    """The permission, for as long as its outcome is not on record."""
    wire: tuple[bytes, ...] | None = None
    """The answer, byte for byte; None until somebody decided."""
    close: bool = False
    """Whether the connection ends with this exchange."""
    deadline: float = 0.0
    """On the event loop's clock."""
    timer: asyncio.TimerHandle | None = None
    buffered: int = 0

    @property
    def method(self) -> str:
        """The request's method; `GET` while it is unknown, so that refusals have a body."""
        return self.head.method if self.head is not None else "GET"

    def refuse(self, wire: tuple[bytes, ...] | None = DENIAL) -> None:
        """End in refusal unless the answer was released already; cannot fail.

        Args:
            wire: what to say; None = that is still being put on record, until then there is only DENIAL.
        """
        if self.state is not State.RELEASED:
            self.state = State.REFUSED
            self.wire = wire
