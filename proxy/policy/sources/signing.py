"""Signatures by ssh keys, as `ssh-keygen -Y` makes and checks them, and the manifest that is signed."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxy.policy.sources.opened import refuse

NAMESPACE: Final = "lychgate-policy"
"""What a signature over a manifest is for (PROTOCOL.sshsig); one made for mail or commits does not count."""
COMMIT: Final = "git"
SECONDS: Final = 20
_HEAD: Final = "lychgate manifest 1"
_LINE: Final = re.compile(r"([0-9a-f]{64})  (\S(?:.*\S)?)")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Every file of a policy set by its hash, and a number that grows."""

    version: int
    hashes: Mapping[str, str]
    """Path below the folder, with slashes -> SHA-256, in hex."""

    def text(self) -> str:
        """Return what is signed."""
        lines = [f"{digest}  {path}" for path, digest in sorted(self.hashes.items())]
        return "\n".join([_HEAD, f"version {self.version}", *lines, ""])


def manifest_of(files: Mapping[str, bytes], version: int) -> Manifest:
    """Return the manifest of files by path."""
    return Manifest(version, {path: hashlib.sha256(content).hexdigest() for path, content in files.items()})


def read_manifest(text: str, where: object) -> Manifest:
    """Return a manifest.

    Raises:
        Problems: LG503, it is not one.
    """
    problem = refuse(where, "LG503", "is not a manifest; `lychgate policy sign` writes one")
    head, version, *lines = [*text.split("\n"), "", ""] if text.count("\n") < 2 else text.split("\n")
    found = re.fullmatch(r"version ([1-9][0-9]{0,14})", version)
    if head != _HEAD or found is None or lines[-1:] != [""]:
        raise problem
    hashes = {}
    for line in lines[:-1]:
        entry = _LINE.fullmatch(line)
        if entry is None or entry[2] in hashes:
            raise problem
        hashes[entry[2]] = entry[1]
    return Manifest(int(found[1]), hashes)


def verify(data: bytes, signature: bytes, signers: Path, *, namespace: str, what: object) -> str:
    """Return who signed exactly these bytes.

    Args:
        data: what was signed.
        signature: in the armoured form of `ssh-keygen -Y sign`.
        signers: who may sign: an ALLOWED SIGNERS file, see ssh-keygen(1).
        namespace: what the signature has to be for.
        what: what a problem is about.

    Raises:
        Problems: LG502, nobody who may sign did.
    """
    program = shutil.which("ssh-keygen")
    if program is None:
        raise refuse(what, "LG502", "cannot be verified: ssh-keygen is not installed")
    if not signers.is_file():
        raise refuse(signers, "LG502", "does not exist, so that no signature can be accepted")
    with tempfile.NamedTemporaryFile(prefix="lychgate-signature-") as file:
        file.write(signature)
        file.flush()
        shared = ["-f", str(signers), "-s", file.name]
        names = _ask([program, "-Y", "find-principals", *shared], b"")
        for name in (names or "").splitlines():
            if _ask([program, "-Y", "verify", *shared, "-n", namespace, "-I", name], data) is not None:
                return name
    raise refuse(what, "LG502", f"is not signed by anybody in {signers}")


def sign(data: bytes, key: Path) -> bytes:
    """Return a signature over a manifest.

    Raises:
        Problems: LG502, ssh-keygen could not make one.
    """
    program = shutil.which("ssh-keygen")
    command = [program or "ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(key)]
    with tempfile.TemporaryDirectory(prefix="lychgate-sign-") as folder:
        path = Path(folder) / "manifest"
        path.write_bytes(data)
        try:
            # Its terminal stays, so that it can ask for a passphrase.
            done = subprocess.run([*command, str(path)], check=False)  # noqa: S603 - a list, no shell
        except OSError:
            raise refuse(key, "LG502", "cannot sign: ssh-keygen is not installed") from None
        made = path.with_name("manifest.sig")
        if done.returncode or not made.is_file():
            raise refuse(key, "LG502", "cannot sign; ssh-keygen says why above")
        return made.read_bytes()


def _ask(command: list[str], data: bytes) -> str | None:
    """Return what a program says, None if it says no."""
    try:
        done = subprocess.run(  # noqa: S603 - a list, no shell
            command,
            input=data,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
