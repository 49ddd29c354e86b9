"""What every source has in common."""

import tempfile
from collections.abc import Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final, Protocol

from proxy.errors import Problem, Problems

MAX_BYTES: Final = 1 << 20
MAX_FILES: Final = 1000


@dataclass(frozen=True, slots=True)
class Opened:
    """A policy set lying still."""

    folder: Path
    """Gone when the source is closed, if it is a copy."""
    commit: str = ""
    """Full id of the git commit, "" if there is none."""
    position: str = ""
    """How far the source has come, for `Source.settle`; "" if it does not count."""


class Source(Protocol):
    """Where policies come from."""

    def mark(self) -> Hashable:
        """Return something that changes when the policies may have changed; never raises."""

    def opened(self) -> AbstractContextManager[Opened]:
        """Open the policies for reading.

        Problems raised while it is open are told with the names of the source's files, not of a copy's.

        Raises:
            Problems: they cannot be read, or are not signed as they must be.
        """

    def settle(self, position: str) -> None:
        """Remember that the policies at `position` are in force: nothing older will be opened again."""


def refuse(where: object, code: str, message: str) -> Problems:
    """Return, for raising, one problem about a whole source or file."""
    return Problems([Problem(str(where), 0, 0, code, message)])


@contextmanager
def lying_still(files: Mapping[str, bytes], called: str) -> Iterator[Path]:
    """Write files into a folder that only we can read, for as long as the context lasts.

    Args:
        files: path below the folder -> content.
        called: what problems call the folder.
    """
    with tempfile.TemporaryDirectory(prefix="lychgate-policies-") as name:
        folder = Path(name)
        for path, content in files.items():
            target = folder / PurePosixPath(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        try:
            yield folder
        except Problems as error:
            raise Problems(_told(problem, name, called) for problem in error.problems) from None


def _told(problem: Problem, folder: str, called: str) -> Problem:
    return replace(
        problem,
        file=problem.file.replace(folder, called, 1),
        also=problem.also.replace(folder, called, 1),
        message=problem.message.replace(folder, called),
    )
