"""`lychgate policy sign`: say with an ssh key that a folder is as it was reviewed."""

from pathlib import Path

import click

from proxy.policy.sources.folder import MANIFEST, SIGNATURE, read_files
from proxy.policy.sources.signing import manifest_of, read_manifest, sign


@click.command("sign")
@click.argument(
    "folder", metavar="[DIR]", default="policies", type=click.Path(path_type=Path, exists=True, file_okay=False)
)
@click.option(
    "--key",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="An ssh key: the private one, or the public one of a key that your agent holds.",
)
@click.option(
    "--version", type=click.IntRange(1, 10**14), help="Grows with each change; one more, if not given."
)
def sign_folder(folder: Path, key: Path, version: int | None) -> None:
    """Sign every policy and connector in DIR (policies, if not given).

    Writes DIR/.lychgate/manifest and its signature. A proxy whose configuration has `signed_by` accepts the
    folder only as it is now, and never an older version again.
    """
    manifest = manifest_of(read_files(folder), version or _next(folder))
    text = manifest.text().encode()
    signature = sign(text, key)
    try:
        (folder / MANIFEST).parent.mkdir(exist_ok=True)
        (folder / MANIFEST).write_bytes(text)
        (folder / SIGNATURE).write_bytes(signature)
    except OSError as error:
        raise click.UsageError(f"{folder}: {error.strerror}") from None
    click.echo(f"signed version {manifest.version} of {folder}: {len(manifest.hashes)} files")


def _next(folder: Path) -> int:
    path = folder / MANIFEST
    return read_manifest(path.read_text("utf-8"), path).version + 1 if path.exists() else 1
