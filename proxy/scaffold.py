"""The files of a new installation, for `lychgate init` and whoever needs one to try things on.

Nothing that exists is ever changed, so that a run which died half-way is mended by running it again.
"""

import shutil
from collections.abc import Iterator
from importlib import resources
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from proxy.app import KEY_FILE
from proxy.crypto import create_key, ensure_authority, issue_leaf

TLS: Final = "tls"
"""Folder of the local authority and of the lanes' certificates, below the state folder."""
LEAF: Final = "localhost"
GITIGNORE: Final = """\
# Keys, certificates and the ledger belong to this machine and to nobody's repository.
/state/
# What editors know of the policies: `lychgate policy schema --project policies --out .lychgate/schema.json`.
/.lychgate/
"""
SCHEMA: Final = ".lychgate/schema.json"
"""Where editors find the schema, from the installation's folder."""


def scaffold(folder: Path, config: str) -> Iterator[tuple[bool, Path]]:
    """Write what is missing and yield each path with whether it was written now.

    Args:
        folder: made if it is not there.
        config: text for `lychgate.yaml`.

    Raises:
        OSError: something cannot be written.
        Unavailable: keys or authority that are there already cannot be used.
    """
    state = folder / "state"
    folder.mkdir(parents=True, exist_ok=True)
    for private in (state, state / "keys", state / TLS, state / "credentials"):
        private.mkdir(mode=0o700, exist_ok=True)
    yield write_new(folder / ".gitignore", GITIGNORE.encode())
    yield write_new(folder / "lychgate.yaml", config.encode())
    yield _copy(_shipped(), folder / "policies")
    yield _key(state / KEY_FILE)
    yield from _certificates(state / TLS)


def write_new(path: Path, data: bytes) -> tuple[bool, Path]:
    """Write a file unless it is there; return whether it was written, and its path."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        return False, path
    return True, path


def _key(path: Path) -> tuple[bool, Path]:
    if path.exists():
        return False, path
    create_key(path)
    return True, path


def _certificates(folder: Path) -> Iterator[tuple[bool, Path]]:
    """Make authority and certificate of the lanes where they are missing."""
    before = {path.name for path in folder.iterdir()}
    if f"{LEAF}.pem" in before and f"{LEAF}.key" in before:
        yield False, folder / f"{LEAF}.pem"
        return
    authority = ensure_authority(folder)
    yield "ca.pem" not in before, authority
    certificate, _ = issue_leaf(folder, [LEAF], [ip_address("127.0.0.1"), ip_address("::1")])
    yield True, certificate


def _shipped() -> Path:
    """Return the folder of the shipped policies: inside the wheel, or beside the package in a checkout."""
    package = Path(str(resources.files("proxy")))
    found = package / "_policies"
    if not found.is_dir():
        found = package.parent / "policies"
    if not found.is_dir():
        raise FileNotFoundError(2, "the shipped policies are missing from this installation of Lychgate")
    return found


def _copy(source: Path, target: Path) -> tuple[bool, Path]:
    """Copy a folder under another name and rename it, so that dying half-way leaves no half a policy set.

    Every document says in its first line where editors find the schema.
    """
    if target.exists():
        return False, target
    draft = target.with_name(f".{target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft, ignore=shutil.ignore_patterns(".*", "__*"), copy_function=shutil.copyfile)
    for path in draft.rglob("*.yaml"):
        up = "../" * len(path.relative_to(draft).parts)
        path.write_bytes(f"# yaml-language-server: $schema={up}{SCHEMA}\n".encode() + path.read_bytes())
    draft.rename(target)
    return True, target
