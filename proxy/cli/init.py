"""`lychgate init`: a folder from which a platform engineer can start, and which starts as it is."""

import shutil
from collections.abc import Iterator
from importlib import resources
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import click

from proxy.app import KEY_FILE
from proxy.cli.starter import GITIGNORE, UPSTREAMS, configuration
from proxy.crypto import create_key, ensure_authority, issue_leaf

TLS = "tls"
"""Folder of the local authority and of the lanes' certificates, below the state folder."""
LEAF = "localhost"


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--crm",
    type=click.Choice(sorted(UPSTREAMS)),
    default="salesforce",
    show_default=True,
    help="Which connector the first lane uses.",
)
@click.option("--upstream", metavar="URL", help="Origin of your CRM, https://host.")
def init(folder: Path, crm: str, upstream: str | None) -> None:
    """Make an installation in DIR: configuration, policies, keys and local certificates.

    What is there already is kept as it is, so this can be repeated after an interruption. Policies are copied
    whole or not at all: an example rule that you deleted does not come back.
    """
    url = _origin(upstream or UPSTREAMS[crm])
    try:
        done = list(scaffold(folder, configuration(crm, url)))
    except OSError as error:
        raise click.UsageError(f"{folder}: {error.strerror or type(error).__name__}") from None
    for made, path in done:
        click.echo(f"{'made' if made else 'kept'}  {path}")
    click.echo(_next_steps(folder, example=upstream is None and crm != "hubspot"))


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
    yield _write(folder / ".gitignore", GITIGNORE.encode())
    yield _write(folder / "lychgate.yaml", config.encode())
    yield _copy(_shipped(), folder / "policies")
    yield _key(state / KEY_FILE)
    yield from _certificates(state / TLS)


def _write(path: Path, data: bytes) -> tuple[bool, Path]:
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
        raise click.UsageError("the shipped policies are missing from this installation of Lychgate")
    return found


def _copy(source: Path, target: Path) -> tuple[bool, Path]:
    """Copy a folder under another name and rename it, so that dying half-way leaves no half a policy set."""
    if target.exists():
        return False, target
    draft = target.with_name(f".{target.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    shutil.copytree(source, draft, ignore=shutil.ignore_patterns(".*", "__*"), copy_function=shutil.copyfile)
    draft.rename(target)
    return True, target


def _origin(text: str) -> str:
    """Return `text` if it is an https origin; it goes into YAML as it is, so nothing else may be in it."""
    try:
        url = urlsplit(text)
    except ValueError:
        url = urlsplit("")
    plain = text == f"{url.scheme}://{url.netloc}" and all(
        char.isalnum() or char in ".-:[]" for char in url.netloc
    )
    if url.scheme != "https" or not url.hostname or not plain or not text.isascii():
        raise click.UsageError("--upstream is the CRM's origin only, for example https://acme.my.salesforce.com")
    return text


def _next_steps(folder: Path, *, example: bool) -> str:
    steps = [
        f"lychgate policy check {folder / 'policies'}",
        f"lychgate client key NAME --policies {folder / 'policies'}     (its lines go into the vocabulary)",
        f"lychgate run --config {folder / 'lychgate.yaml'} --check      (says what would be enforced where)",
        f"lychgate run --config {folder / 'lychgate.yaml'}",
        f"make your clients trust {folder / 'state' / TLS / 'ca.pem'}, and move ca.key off this machine",
    ]
    if example:
        steps.insert(0, f"write your CRM's address in {folder / 'lychgate.yaml'}: upstream is an example")
    return "\nNext:\n" + "\n".join(f"  {number}. {step}" for number, step in enumerate(steps, start=1))
