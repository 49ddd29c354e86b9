"""The host is in the one state that was tested, or nothing is served.

mitmproxy has options that switch it off (`ignore_hosts`), round it (`stream_large_bodies`, `rawtcp`) or open
it (`ssl_insecure`), and reads them at any time. Here every option is frozen: `seal` compares those that
matter with the table below and remembers the rest; from then on any other value, of any option, set by
anybody, is an `OptionsError`, which makes mitmproxy roll it back (M04).
"""

# mypy: disable-error-code="no-untyped-call"

from typing import Any, Final

from mitmproxy import exceptions
from mitmproxy.hooks import all_hooks
from mitmproxy.options import Options
from mitmproxy.proxy.layer import Layer, NextLayer
from mitmproxy.proxy.layers import ClientTLSLayer
from mitmproxy.version import VERSION

from addons.dispatch import KNOWN, GuardedAddons
from addons.door import Door, Porch
from proxy.errors import LychgateError

TESTED: Final = frozenset({"12.2.3"})
"""Versions that the tests of this folder have passed with; behaviour we rely on is not mitmproxy's API."""

FROZEN: Final[dict[str, object]] = {
    "server": False,  # we listen ourselves: its reverse mode to an https upstream would open a UDP port, too
    "ignore_hosts": [],
    "allow_hosts": [],
    "tcp_hosts": [],
    "udp_hosts": [],
    "rawtcp": False,
    "websocket": False,
    "http2": False,
    "http3": False,
    "ssl_insecure": False,
    "ssl_verify_upstream_trusted_ca": None,
    "ssl_verify_upstream_trusted_confdir": None,
    "upstream_cert": False,
    "add_upstream_certs_to_client_chain": False,
    "certs": [],
    "client_certs": None,
    "connection_strategy": "lazy",
    "stream_large_bodies": None,
    "store_streamed_bodies": False,
    "validate_inbound_headers": True,
    "normalize_outbound_headers": True,
    "keep_host_header": True,  # else the client's is overwritten before anybody can check it
    "proxy_debug": False,
    "connect_addr": None,
    "show_ignored_hosts": False,
}
"""What is so on every lane; `mode`, `confdir`, `body_size_limit` and `tcp_timeout` depend on the lanes."""
ABSENT: Final = (
    "scripts",
    "modify_body",
    "modify_headers",
    "map_local",
    "map_remote",
    "block_list",
    "proxyauth",
)
"""Options that only exist when an add-on is loaded that has no place here (M03)."""

TLS_HOOKS: Final = frozenset(
    {"tls_clienthello", "tls_start_client", "tls_established_client", "tls_failed_client"}
)


class Unsafe(LychgateError):
    """The host is not as it was tested; says what differs, in words from the code."""


def make_options(**own: Any) -> Options:
    """Return mitmproxy's options with the frozen values; those its add-ons bring are set when they load."""
    options = Options()
    options.update_defer(**FROZEN, **own)
    return options


class Lockdown:
    """First in the chain, so that nobody else sees an option it refuses."""

    name = "lockdown"

    def __init__(self, options: Options, chain: tuple[str, ...]) -> None:
        self._options = options
        self._chain = chain
        self._sealed: dict[str, Any] | None = None

    def configure(self, updated: set[str]) -> None:
        """Refuse every change once sealed."""
        if self._sealed is None:
            return
        for name in updated:
            if name not in self._sealed or getattr(self._options, name) != self._sealed[name]:
                raise exceptions.OptionsError(f"{name} is frozen")

    def seal(self, addons: GuardedAddons) -> None:
        """Freeze options and chain.

        Raises:
            Unsafe: the version is not a tested one, an option has another value, or the chain another shape.
        """
        if VERSION not in TESTED:
            raise Unsafe(f"mitmproxy {VERSION} has not been tested; tested: {', '.join(sorted(TESTED))}")
        wrong = [name for name, value in FROZEN.items() if getattr(self._options, name, ...) != value]
        wrong += [name for name in ABSENT if name in self._options]
        if wrong or self._options.deferred:
            raise Unsafe(f"options are not as they must be: {', '.join(wrong) or 'unknown ones are set'}")
        self._sealed = {name: getattr(self._options, name) for name in self._options.keys()}  # noqa: SIM118
        addons.sealed = True
        self.check_chain(addons)

    def check_chain(self, addons: GuardedAddons) -> None:
        """Return if the chain is exactly the expected one, in order.

        Raises:
            Unsafe: it is not (FX-12).
        """
        found = tuple(getattr(addon, "name", type(addon).__name__.lower()) for addon in addons.chain)
        if found != self._chain or not addons.sealed or set(addons.lookup) != set(found):
            raise Unsafe("the chain of add-ons is not the expected one")


def check_stack(top: Layer, *, tls: bool) -> None:
    """Return if these are the layers of a lane's connection, and no layer of mitmproxy's can come after them.

    mitmproxy chooses layers by asking the hook `next_layer` and, in its HTTP layers, by what a message says.
    Here nothing is left to choose: `Door` is the last layer, and every hook of HTTP, of a layer to choose and of
    a connection to open is one that `dispatch` denies without asking anybody.

    Raises:
        Unsafe: something else stands there, or one of those hooks would be asked.
    """
    door = getattr(top, "child_layer", None) if tls else top
    if type(door) is not Door or (tls and type(top) is not ClientTLSLayer):
        raise Unsafe("a connection would not end in our own HTTP layer")
    stack = {type(layer) for layer in door.context.layers}
    if not stack <= {NextLayer, Porch, ClientTLSLayer, Door} or isinstance(door.conversation, Layer):
        raise Unsafe("a connection has a layer that is not ours")
    stock = {name for name, hook in all_hooks.items() if hook.__module__.startswith("mitmproxy.proxy.layer")}
    if asked := (stock | {"next_layer", "server_connect", "http_connect"}) & KNOWN - TLS_HOOKS:
        raise Unsafe(f"hooks of mitmproxy's own layers would be asked: {', '.join(sorted(asked))}")
