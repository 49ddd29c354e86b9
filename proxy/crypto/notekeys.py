"""Who signs an installation's checkpoints: a key made once, exchanged on demand, its public half kept."""

from pathlib import Path
from typing import Final

from proxy.crypto.files import PUBLIC, write_whole
from proxy.crypto.keyfile import create_key, read_key
from proxy.crypto.note import NoteSigner
from proxy.errors import Unavailable

_PREFIX: Final = "checkpoint-"
_SUFFIX: Final = ".key"


class NoteKeys:
    """`keys/checkpoint-N.key`, of which the highest N signs, and the list of all public keys there ever were.

    A random key of its own and not one derived from the root key: once it is exchanged and destroyed, nobody who
    reads the disk later can sign as of then.
    """

    def __init__(self, folder: Path, public: Path, name: str) -> None:
        """Remember where they lie.

        Args:
            folder: of the private keys; has to exist.
            public: file of the verification keys, oldest first; its folder has to exist once one is needed.
            name: of the installation.
        """
        self._folder = folder
        self._public = public
        self.name = name

    def signer(self) -> NoteSigner:
        """Return who signs now; the first time, a key is made. Its public half is on the list by then.

        Raises:
            Unavailable: see `read_key` and `create_key`; `key_unwritable` also for the list.
        """
        number = max(self._numbers(), default=0)
        seed = read_key(self._path(number)) if number else create_key(self._path(1))
        signer = NoteSigner(seed, self.name)
        self._list(signer)
        return signer

    def rotate(self) -> tuple[NoteSigner, NoteSigner]:
        """Make a new key, which signs from now on; return the old signer and the new one.

        The old private key is still there, so that it can vouch for the new one; `retire` destroys it.

        Raises:
            Unavailable: as `signer`.
        """
        old = self.signer()
        new = NoteSigner(create_key(self._path(max(self._numbers()) + 1)), self.name)
        self._list(new)
        return old, new

    def retire(self) -> None:
        """Delete every private key but the newest.

        Raises:
            OSError: one cannot be deleted.
        """
        for number in sorted(self._numbers())[:-1]:
            self._path(number).unlink()

    def public(self) -> str:
        """Return the verification keys, one per line, oldest first; "" if there is none yet.

        Raises:
            Unavailable: `key_unreadable`.
        """
        try:
            return self._public.read_text("utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError):
            raise Unavailable("key_unreadable", self._public.name) from None

    def _list(self, signer: NoteSigner) -> None:
        known = self.public()
        if signer.verification_key in known.split():
            return
        try:
            write_whole(self._public, f"{known}{signer.verification_key}\n".encode(), PUBLIC, replace=True)
        except OSError:
            raise Unavailable("key_unwritable", self._public.name) from None

    def _numbers(self) -> set[int]:
        names = (path.name for path in self._folder.glob(f"{_PREFIX}*{_SUFFIX}"))
        found = (name.removeprefix(_PREFIX).removesuffix(_SUFFIX) for name in names)
        return {int(number) for number in found if number.isdecimal()}

    def _path(self, number: int) -> Path:
        return self._folder / f"{_PREFIX}{number}{_SUFFIX}"
