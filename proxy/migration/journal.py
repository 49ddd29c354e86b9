"""How far a migration came, in one small file that is replaced whole after every page."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from proxy.crypto.files import PRIVATE, write_whole


@dataclass(slots=True)
class Journal:
    """Of one verb on one lane. It names objects, ids of records and counts, and never a value.

    If we die before a page is noted, the page is gone over again: what was done is told by its form.
    """

    path: Path
    after: dict[str, str] = field(default_factory=dict)
    """Object -> where its next page begins."""
    done: list[str] = field(default_factory=list)
    """Objects that are finished."""
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Return what is noted there; nothing, if there is no such file or it cannot be read."""
        try:
            found = json.loads(path.read_text("utf-8"))
            return cls(path, dict(found["after"]), list(found["done"]), dict(found["counts"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path)

    @property
    def begun(self) -> bool:
        """Whether an earlier run has left something to take up."""
        return bool(self.after or self.done)

    def note(self, name: str, after: str) -> None:
        """Note that everything of an object up to `after` is done, "" for all of it; it is durable then."""
        self.after[name] = after
        if not after:
            del self.after[name]
            self.done.append(name)
        said = {"after": self.after, "done": self.done, "counts": self.counts}
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        write_whole(self.path, json.dumps(said).encode(), PRIVATE, replace=True)

    def close(self) -> None:
        """Forget it: there is nothing to take up any more."""
        self.path.unlink(missing_ok=True)
