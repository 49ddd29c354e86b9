"""An installation as `lychgate init` makes it, with an API key for every client of the example policies."""

import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final, Literal

from proxy.identity import digest, mint
from proxy.scaffold import scaffold

Crm = Literal["salesforce", "hubspot", "tryton", "dynamics", "odoo", "pipedrive", "zoho", "suitecrm"]

PEOPLE: Final = (
    ("helpdesk", "customer_support", "support agent"),
    ("mailer", "newsletter", "marketer"),
    ("privacy_desk", "subject_request", "privacy officer"),
)
"""Client of the example policies, purpose, and who that is."""

_HEAD: Final = Template("""\
apiVersion: lychgate.dev/v1
kind: Gateway
admin: 127.0.0.1:$admin
drain_seconds: 5
lanes:
""")
_LANE: Final = Template("""\
  - name: $crm
    listen: 127.0.0.1:$port
$tls    upstream: {url: "$upstream"$ca}
    credential: {file: state/credentials/$crm, scheme: $scheme}
    connector: $crm
""")
_TLS: Final = "    tls: {certificate: state/tls/localhost.pem, key: state/tls/localhost.key}\n"


@dataclass(frozen=True, slots=True)
class LaneOf:
    """One lane to be made."""

    port: int
    upstream: str
    """The CRM's origin."""
    credential: str
    """What the CRM wants to see; only Lychgate will have it."""
    scheme: Literal["Bearer", "Basic", "Zoho-oauthtoken", "none"] = "Bearer"
    tls: bool = False


@dataclass(frozen=True, slots=True)
class Installation:
    """What was made, and the only copy of the clients' keys."""

    folder: Path
    keys: Mapping[str, str]
    """Client -> API key."""

    @property
    def config(self) -> Path:
        """The path of `lychgate.yaml`."""
        return self.folder / "lychgate.yaml"

    @property
    def policies(self) -> Path:
        """The folder of vocabulary, rules and connectors."""
        return self.folder / "policies"

    @property
    def authority(self) -> Path:
        """The certificate that clients have to trust."""
        return self.folder / "state" / "tls" / "ca.pem"

    @property
    def ledger(self) -> Path:
        """The folder of the ledger."""
        return self.folder / "state" / "ledger"


def make_installation(folder: Path, lanes: Mapping[Crm, LaneOf], *, admin: int) -> Installation:
    """Make an installation that starts: every lane's credential is in place, every client has a key.

    The example's own tests are left out, because rules are edited here to show what comes of that.

    Args:
        folder: must not hold an installation yet.
        lanes: by connector; a TLS upstream must show a certificate of the installation's own authority.
        admin: port of the admin listener.
    """
    for _ in scaffold(folder, _configuration(lanes, admin)):
        pass
    shutil.rmtree(folder / "policies" / "example" / "tests")
    for crm, lane in lanes.items():
        secret = folder / "state" / "credentials" / crm
        secret.touch(mode=0o600)
        secret.write_text(lane.credential + "\n", "utf-8")
    return Installation(folder, _give_keys(folder / "policies" / "example" / "clients.yaml"))


def _configuration(lanes: Mapping[Crm, LaneOf], admin: int) -> str:
    parts = [_HEAD.substitute(admin=admin)]
    for crm, lane in lanes.items():
        trusted = lane.upstream.startswith("https:")
        parts.append(
            _LANE.substitute(
                crm=crm,
                port=lane.port,
                upstream=lane.upstream,
                scheme=lane.scheme,
                tls=_TLS if lane.tls else "",
                ca=", ca_file: state/tls/ca.pem" if trusted else "",
            )
        )
    return "".join(parts)


def _give_keys(clients: Path) -> dict[str, str]:
    """Write a key's digest below every client, as a person would who ran `lychgate client key`."""
    keys: dict[str, str] = {}

    def add(match: re.Match[str]) -> str:
        key = keys[match[1]] = mint(secrets.token_bytes)
        return f'{match[0]}\n    keys: [{{sha256: "{digest(key)}", label: demo}}]'

    text = clients.read_text("utf-8")
    head, mark, body = text.partition("\nclients:\n")
    clients.write_text(head + mark + re.sub(r"^  ([a-z_]+):$", add, body, flags=re.MULTILINE), "utf-8")
    return keys
