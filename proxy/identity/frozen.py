"""Who is stopped at once, whatever the policies say: a short list that outlives restarts.

It is kept in one file below the state folder, written whole. A file that is there and cannot be read stops
the start: nobody may be let in again because a disk had a bad day.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from proxy.crypto.files import write_whole
from proxy.errors import Problem, Problems, Unidentified
from proxy.identity.verify import check_id

FILE = "frozen.json"
"""Below the state folder."""
_MODE = 0o600


class Frozen:
    """Ids of principals, and names of clients, that are stopped; the same object for every policy set.

    Args:
        path: where the list is kept; None: it is handed over by another process, which keeps it.

    Raises:
        Problems: the file is there and is not such a list.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._ids = frozenset() if path is None else _read(path)

    def __contains__(self, name: object) -> bool:
        return name in self._ids

    @property
    def ids(self) -> tuple[str, ...]:
        """All of them, sorted."""
        return tuple(sorted(self._ids))

    def replace(self, ids: Iterable[str]) -> None:
        """Have the list be `ids` from now on; durable when this returns, if it is kept here.

        Raises:
            OSError: it cannot be written; the list is as it was.
        """
        fresh = frozenset(ids)
        if self._path is not None:
            text = json.dumps({"frozen": sorted(fresh)}, ensure_ascii=False, indent=1)
            write_whole(self._path, f"{text}\n".encode(), _MODE, replace=True)
        self._ids = fresh


def _read(path: Path) -> frozenset[str]:
    try:
        held = json.loads(path.read_bytes())
        ids = held["frozen"]
        if set(held) != {"frozen"} or not isinstance(ids, list):
            raise ValueError
        return frozenset(check_id(name) for name in ids)
    except FileNotFoundError:
        return frozenset()
    except (OSError, ValueError, TypeError, KeyError, Unidentified):
        message = 'this must be readable and say {"frozen": [ids]}: nobody is let in again by mistake'
        raise Problems([Problem(str(path), 0, 0, "LG205", message)]) from None
