"""Policies in a folder: read where they lie, or verified file by file first."""

import hashlib
import os
import stat
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from proxy.errors import Problem, Problems
from proxy.policy.sources.opened import MAX_BYTES, MAX_FILES, Opened, lying_still, refuse
from proxy.policy.sources.signing import NAMESPACE, Manifest, read_manifest, verify
from proxy.policy.sources.water import HighWater

MANIFEST: Final = ".lychgate/manifest"
SIGNATURE: Final = ".lychgate/manifest.sig"
_SUFFIXES: Final = (".yaml", ".yml")


class FolderSource:
    """A folder of policy files."""

    def __init__(
        self,
        folder: Path,
        *,
        owners: Collection[int] | None = None,
        signers: Path | None = None,
        water: HighWater | None = None,
    ) -> None:
        """Take a folder as a source.

        Args:
            folder: with everything below it but hidden files.
            owners: user ids that files and folders may belong to; None = root, ourselves, and whoever owns
                the folder itself.
            signers: who may sign the manifest; None = no signature is needed.
            water: where the highest version is kept, if a signature is needed.
        """
        self._folder = folder
        self._owners = owners
        self._signers = signers
        self._water = water

    def mark(self) -> Hashable:
        """Return size, times and identity of every file."""
        try:
            names = [*policy_paths(self._folder), MANIFEST, SIGNATURE]
            return tuple(
                (name, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
                for name in names
                if (found := _stat(self._folder / name)) is not None
            )
        except (OSError, Problems) as error:
            return type(error).__name__

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """Open the folder; a signed one as a copy of exactly what was verified."""
        check_owners(self._folder, self._owners)
        if self._signers is None:
            yield Opened(self._folder)
            return
        files = read_files(self._folder)
        manifest, position = self._verified(self._signers)
        problems = list(_differences(self._folder, files, manifest))
        if problems:
            raise Problems(problems)
        self._not_older(manifest.version, position)
        with lying_still(files, str(self._folder)) as copy:
            yield Opened(copy, position=position)

    def settle(self, position: str) -> None:
        """Remember the version in force."""
        if self._water is not None and position:
            self._water.write(position)

    def _verified(self, signers: Path) -> tuple[Manifest, str]:
        path = self._folder / MANIFEST
        try:
            text = _read(path)
            signature = _read(self._folder / SIGNATURE)
        except OSError:
            message = "is missing, or its signature is: this folder has to be signed (lychgate policy sign)"
            raise refuse(path, "LG502", message) from None
        verify(text, signature, signers, namespace=NAMESPACE, what=path)
        manifest = read_manifest(text.decode("utf-8", "replace"), path)
        return manifest, f"{manifest.version} {hashlib.sha256(text).hexdigest()}"

    def _not_older(self, version: int, position: str) -> None:
        before = self._water.read() if self._water is not None else ""
        if before and before != position and version <= int(before.split()[0]):
            assert self._water is not None
            message = (
                f"version {version} was signed, but version {before.split()[0]} has been in force; sign a "
                f"higher one, or remove {self._water.path} to go back on purpose"
            )
            raise refuse(self._folder / MANIFEST, "LG504", message)


def policy_paths(folder: Path) -> list[str]:
    """Return the paths, below the folder, of everything that is read as policy or connector.

    Raises:
        OSError: the folder cannot be listed.
        Problems: there are too many files, or a link to a folder.
    """
    found: list[str] = []
    for path, folders, names in os.walk(folder, onerror=_raise):
        here = Path(path)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        links = [here / name for name in folders if (here / name).is_symlink()]
        if links:
            raise refuse(links[0], "LG100", "is a link; links are not followed")
        found += (
            (here / name).relative_to(folder).as_posix()
            for name in names
            if not name.startswith(".") and name.endswith(_SUFFIXES)
        )
        if len(found) > MAX_FILES:
            raise refuse(folder, "LG100", f"has more than {MAX_FILES} files")
    return sorted(found)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the content of every policy file by its path below the folder, each opened once.

    Raises:
        Problems: something cannot be read.
    """
    files = {}
    try:
        for name in policy_paths(folder):
            files[name] = _read(folder / name)
    except OSError as error:
        raise refuse(error.filename or folder, "LG100", f"cannot be read: {error.strerror}") from None
    return files


def check_owners(folder: Path, owners: Collection[int] | None = None, *, besides: Collection[str] = ()) -> None:
    """Make sure that nobody but `owners` can put anything into a policy folder, or a git directory.

    Args:
        folder: with everything below it but hidden files.
        owners: user ids; None = root, ourselves, and whoever owns the folder itself.
        besides: names directly in the folder that are not looked at.

    Raises:
        Problems: LG505 for every file and folder that belongs to somebody else, or that anybody may write.
    """
    problems = []
    try:
        paths = [folder]
        if owners is None:
            owners = {0, os.geteuid(), folder.stat().st_uid}
        for path, folders, names in os.walk(folder, onerror=_raise):
            left_out = besides if Path(path) == folder else ()
            folders[:] = [name for name in folders if not name.startswith(".") and name not in left_out]
            paths += (Path(path) / name for name in (*folders, *names) if not name.startswith("."))
    except OSError as error:
        raise refuse(folder, "LG100", f"cannot be read: {error.strerror}") from None
    for each in sorted(paths):
        found = each.stat() if each == folder else _stat(each)
        if found is None or stat.S_ISLNK(found.st_mode):
            continue  # a link is refused when it is read, with its own words
        if found.st_uid not in owners:
            message = f"belongs to user {found.st_uid}, who may not write policies here"
            problems.append(Problem(str(each), 0, 0, "LG505", message))
        elif found.st_mode & stat.S_IWOTH:
            problems.append(Problem(str(each), 0, 0, "LG505", "can be written by anybody: chmod o-w"))
    if problems:
        raise Problems(problems)


def _differences(folder: Path, files: dict[str, bytes], manifest: Manifest) -> Iterator[Problem]:
    for name in sorted(files.keys() | manifest.hashes.keys()):
        if name not in files:
            yield Problem(str(folder / name), 0, 0, "LG503", "is in the signed manifest, but not here")
        elif name not in manifest.hashes:
            yield Problem(str(folder / name), 0, 0, "LG503", "is not in the signed manifest")
        elif hashlib.sha256(files[name]).hexdigest() != manifest.hashes[name]:
            yield Problem(str(folder / name), 0, 0, "LG503", "is not the file that was signed")


def _read(path: Path) -> bytes:
    """Return the content of a regular file, opened once and not through a link.

    Raises:
        OSError: it cannot be read.
        Problems: it is something else, or too large.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise refuse(path, "LG100", "is not a regular file")
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise refuse(path, "LG100", "is larger than 1 MiB; split it")
    return content


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _raise(error: OSError) -> None:
    raise error
