"""Where key sets come from: a file on this machine, or the issuer's https address.

Each source is a `proxy.identity.jwks.Fetch`: it returns bytes or raises OSError. The standard library's
client is enough for one GET of a constant address, and follows no redirect and no proxy variable.
"""

import ssl
from collections.abc import Callable
from http.client import HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

SIZE_LIMIT: Final = 262_144
"""Bytes; the largest public key set known to us is 20 KB."""
TIMEOUT: Final = 5.0
"""Seconds for each of connecting, and every read."""


def file_source(path: Path) -> Callable[[], bytes | None]:
    """Return a source that reads `path` when its time stamp, size or inode has changed; else None."""
    before: tuple[int, int, int] | None = None

    def fetch() -> bytes | None:
        nonlocal before
        stat = path.stat()
        mark = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if mark == before:
            return None
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
        if len(data) > SIZE_LIMIT:
            raise OSError("key set too large")
        before = mark
        return data

    return fetch


def url_source(url: str, *, ca_file: Path | None = None) -> Callable[[], bytes]:
    """Return a source that gets `url` over verified TLS 1.2 or later.

    Args:
        url: `https://...`, from the configuration.
        ca_file: PEM certificates that may sign the issuer's; None = the system's.

    Raises:
        ValueError: not a plain https address.
        OSError: `ca_file` cannot be read.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or parts.password or parts.fragment:
        msg = "a key set's address starts with https:// and holds no credential"
        raise ValueError(msg)
    host, port = parts.hostname, parts.port or 443
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2

    def fetch() -> bytes:
        connection = HTTPSConnection(host, port, timeout=TIMEOUT, context=context)
        try:
            connection.request("GET", target, headers={"accept": "application/jwk-set+json, application/json"})
            response = connection.getresponse()
            data = response.read(SIZE_LIMIT + 1)
        except HTTPException as error:
            raise OSError(type(error).__name__) from None
        finally:
            connection.close()
        promised = response.headers.get("content-length", str(len(data)))
        if response.status != 200 or len(data) > SIZE_LIMIT or promised != str(len(data)):
            raise OSError("no key set")
        return data

    return fetch
