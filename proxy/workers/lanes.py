"""From the configuration's lanes to what the data plane listens on."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from addons.lane import LaneSpec, Limits
from proxy.config import Config, Lane, split_address


def lane_spec(lane: Lane) -> LaneSpec:
    """Return what the data plane needs to know of a lane."""
    host, port = split_address(lane.listen)
    url = urlsplit(lane.upstream.url)
    return LaneSpec(
        name=lane.name,
        listen_host=host,
        listen_port=port,
        tls=(lane.tls.certificate, lane.tls.key) if lane.tls else None,
        client_ca=lane.tls.client_ca if lane.tls else None,
        upstream_scheme="https" if url.scheme == "https" else "http",
        upstream_host=url.hostname or "",
        upstream_port=url.port or (443 if url.scheme == "https" else 80),
        upstream_ca=lane.upstream.ca_file,
        body_limit=lane.body_limit_mib << 20,
        deadline=lane.deadline_seconds,
        limits=lane_limits(lane) if lane.limits.model_fields_set else None,
    )


_CALLED = {"upload_bytes_per_second": "rate_floor", "upstream_age_seconds": "upstream_age"}
"""What the configuration calls otherwise, for people who have only its page."""


def lane_limits(lane: Lane) -> Limits:
    """Return what a lane gives to its clients and takes of its CRM, in each process.

    Where nobody wrote how many of the places at a CRM one caller may have, it is half of them at most.
    """
    given = {_CALLED.get(name, name): value for name, value in lane.limits.model_dump(exclude_none=True).items()}
    found = replace(Limits(), **given)
    most = found.upstream_connections
    per_caller = lane.limits.upstream_per_caller or max(1, most // 2)
    return replace(
        found,
        upstream_per_caller=min(per_caller, most),
        upstream_streams=min(found.upstream_streams, most),
    )


def process_limits(config: Config) -> Limits:
    """Return what each process gives to the clients of all its lanes together."""
    given = config.limits
    found = Limits()
    buffered = found.buffered_bytes if given.buffered_mib is None else given.buffered_mib << 20
    caller = found.caller_bytes if given.caller_mib is None else given.caller_mib << 20
    connections = given.connections or found.connections
    return replace(
        found,
        connections=connections,
        connections_per_peer=min(given.connections_per_peer or found.connections_per_peer, connections),
        buffered_bytes=buffered,
        caller_bytes=min(caller, buffered),
    )


@contextlib.contextmanager
def reserved(config: Config) -> Iterator[Config]:
    """Keep the ports of all lanes for the processes of this account while the context lasts.

    Yields the configuration with the ports that were chosen where it says 0. The sockets listen on nothing, so
    no connection waits in them.

    Raises:
        OSError: somebody else listens there.
    """
    with contextlib.ExitStack() as sockets:
        lanes = []
        for lane in config.lanes:
            host, _ = split_address(lane.listen)
            port = sockets.enter_context(_reserve(lane)).getsockname()[1]
            lanes.append(
                lane.model_copy(update={"listen": f"[{host}]:{port}" if ":" in host else f"{host}:{port}"})
            )
        yield config.model_copy(update={"lanes": tuple(lanes)})


def _reserve(lane: Lane) -> socket.socket:
    host, port = split_address(lane.listen)
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with socket.socket(family, socket.SOCK_STREAM) as alone:
        # Without SO_REUSEPORT: another installation of this account would else share our port unnoticed.
        alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        alone.bind(address)
    kept = socket.socket(family, socket.SOCK_STREAM)
    try:
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind(address)
    except OSError:
        kept.close()
        raise
    return kept
