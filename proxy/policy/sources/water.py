"""How far a signed source has come: nothing older than what was in force once is accepted (PS-04)."""

import os
import tempfile
from pathlib import Path

from proxy.policy.sources.opened import refuse


class HighWater:
    """One line in one file, replaced as a whole and durable.

    To go back on purpose, somebody who may write the state folder removes the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> str:
        """Return the position last settled, "" if there never was one.

        Raises:
            Problems: LG504, the file is there and cannot be read: nobody knows what would be older.
        """
        try:
            return self.path.read_text("ascii").strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError):
            raise refuse(
                self.path, "LG504", "cannot be read, so that nobody knows what would be older"
            ) from None

    def write(self, position: str) -> None:
        """Remember a position; it is on disk when this returns.

        Raises:
            OSError: it cannot be written.
        """
        if self.read() == position:
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self.path.parent, prefix=".water-")
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(position + "\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
