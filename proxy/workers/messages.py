"""What a supervisor and a worker say to each other.

Both run the same code under the same account; a message that does not decode is a defect, and ends the worker.
"""

from typing import Final

import msgspec

from proxy.ledger.canonical import Members
from proxy.metrics import Counted


class Copy(msgspec.Struct, frozen=True):
    """One origin's policies, lying still."""

    folder: str
    commit: str


class Load(msgspec.Struct, tag=True, frozen=True):
    """To a worker: read these policies, and say whether they are the expected ones; serve by the old."""

    copies: list[Copy]
    """In the order of the configuration's origins."""
    expected: dict[str, str]
    """By lane, as `Rules.policy`."""


class Begin(msgspec.Struct, tag=True, frozen=True):
    """To a worker, first of all."""

    config: str
    """A `Config` as JSON, its ports those that everybody listens on."""
    load: Load
    frozen: list[str]
    restricted: list[str]


class Swap(msgspec.Struct, tag=True, frozen=True):
    """To a worker: put in force what was loaded last."""


class Serve(msgspec.Struct, tag=True, frozen=True):
    """To a worker that has loaded: accept connections."""


class Freeze(msgspec.Struct, tag=True, frozen=True):
    """To a worker: these are stopped, and nobody else; and nobody reads these records."""

    ids: list[str]
    restricted: list[str]


class Try(msgspec.Struct, tag=True, frozen=True):
    """To a worker: say whether you can open one of these canaries (`proxy.vault.canaries`)."""

    number: int
    canaries: list[str]


class Tell(msgspec.Struct, tag=True, frozen=True):
    """To a worker: say what was counted."""


class Written(msgspec.Struct, tag=True, frozen=True):
    """To a worker: its oldest unanswered batch is durable, or was refused."""

    last: int
    """Sequence number of the last entry; 0 = refused."""
    reason: str


class Stop(msgspec.Struct, tag=True, frozen=True):
    """To a worker: drain, then end."""


class Append(msgspec.Struct, tag=True, frozen=True):
    """To the supervisor: make these entries durable, in order; answered with `Written`."""

    batch: list[Members]


class Done(msgspec.Struct, tag=True, frozen=True):
    """To the supervisor: the oldest unanswered `Begin`, `Load`, `Swap` or `Freeze` has taken effect."""

    problem: str = ""
    """Why it has not, in words from the code; "" = it has."""


class Serving(msgspec.Struct, tag=True, frozen=True):
    """To the supervisor: connections are accepted."""


class Tried(msgspec.Struct, tag=True, frozen=True):
    """To the supervisor: the answer to a `Try`."""

    number: int
    opens: bool | None
    """None: keys or store cannot be used now, so that nobody can say."""


class Told(msgspec.Struct, tag=True, frozen=True):
    """To the supervisor: everything this worker has counted."""

    counted: Counted


ToWorker = Begin | Load | Swap | Serve | Freeze | Try | Tell | Written | Stop
ToSupervisor = Append | Done | Serving | Told | Tried

encode: Final = msgspec.msgpack.Encoder().encode
decode_to_worker: Final = msgspec.msgpack.Decoder(ToWorker).decode
decode_to_supervisor: Final = msgspec.msgpack.Decoder(ToSupervisor).decode
