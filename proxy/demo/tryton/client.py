"""The unmodified proteus client, in a process of its own."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from proxy.demo.tryton.place import environment

SCRIPT: Final = Path(__file__).resolve().parent / "scripts" / "proteus_calls.py"
SECONDS: Final = 120.0

Command = Sequence[Any]
"""A verb and what belongs to it; `scripts/proteus_calls.py` lists them."""
Answer = dict[str, Any]
"""`{"ok": result}`, or what proteus raised: `{"fault": [code, text]}`, `{"http": [status, text]}`,
`{"error": name of the exception}`."""


@dataclass(frozen=True, slots=True)
class Proteus:
    """One person at a proteus client."""

    python: Path
    """Tryton's."""
    url: str = field(repr=False)
    """May carry credentials: `https://anything:lg_...@localhost:8443/crm/rpc/`."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Sent with every request."""
    ca: Path | None = None
    """The certificate authority of an https URL."""

    def ask(self, *commands: Command) -> list[Answer]:
        """Return an answer for each command; they run one after the other in one session.

        Raises:
            RuntimeError: proteus did not run at all.
        """
        told = {"url": self.url, "headers": dict(self.headers), "ca": str(self.ca or ""), "commands": commands}
        done = subprocess.run(  # noqa: S603 - our own script
            [self.python, SCRIPT],
            input=json.dumps(told),
            env=environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"proteus ended with {done.returncode}:\n{done.stderr[-2000:]}")
        answers: list[Answer] = json.loads(done.stdout)
        return answers
