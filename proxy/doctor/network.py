"""Ports and CRMs: whether a lane can listen, and whether its CRM is there and is who it says it is."""

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from proxy import config as settings
from proxy.doctor.finding import Finding, fail, ok, warn

SECONDS: Final = 5.0


def listener(lane: settings.Lane) -> Iterator[Finding]:
    """Look at whether the lane's address can be taken, by taking it for a moment."""
    part = f"lane {lane.name}"
    host, port = settings.split_address(lane.listen)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = found[0]
        with socket.create_server(address[:2], family=family):
            yield ok(part, f"can listen on {lane.listen}")
    except socket.gaierror:
        yield fail(part, f"{lane.listen} is no address of this machine", "write one under `listen`")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            do = "nothing to do if that is this proxy; otherwise choose another port"
            yield warn(part, f"{lane.listen} is in use", do)
        else:
            yield fail(part, f"cannot listen on {lane.listen}: {error.strerror}", "change `listen`")


def upstream(lane: settings.Lane) -> Iterator[Finding]:
    """Look the CRM up, connect, and let it prove its name; nothing is asked of it."""
    part, url = f"lane {lane.name}", urlsplit(lane.upstream.url)
    host, secure = url.hostname or "", url.scheme == "https"
    try:
        with socket.create_connection((host, url.port or (443 if secure else 80)), SECONDS) as plain:
            if not secure:
                yield ok(part, f"{lane.upstream.url} answers, on this machine and without TLS")
                return
            with _context(lane).wrap_socket(plain, server_hostname=host) as wrapped:
                yield ok(
                    part, f"{lane.upstream.url} answers with {wrapped.version()} and a certificate we trust"
                )
    except socket.gaierror:
        yield fail(part, f"no such host: {host}", "write the CRM's own address under `upstream`")
    except ssl.SSLCertVerificationError as error:
        do = "name the authority that signed it as `upstream: {ca_file: ...}`, if it is one you trust"
        yield fail(part, f"{host} does not prove to be itself: {error.verify_message}", do)
    except ssl.SSLError:
        yield fail(part, f"{host} does not speak TLS 1.2 or newer", "look at what listens there")
    except TimeoutError:
        yield fail(part, f"{host} does not answer within {SECONDS:.0f} s", "let this machine out to it")
    except OSError as error:
        yield fail(part, f"{host} cannot be reached: {error.strerror}", "let this machine out to it")


def _context(lane: settings.Lane) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(lane.upstream.ca_file) if lane.upstream.ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
