"""One frozen value from `lychgate.yaml`: lanes, where policies and state lie, and nothing secret.

Everything unsafe is refused here, with `file:line:column`, before anything listens: a lane that would speak
plain HTTP to other machines, a credential written into the file, an upstream that is not verified. Secrets
are named by file or environment variable and read when the installation is built.
"""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, model_validator

from proxy.yamlfile import Strict, read_yaml, validate

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


FRAMING = frozenset({
    "accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect",
    "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
"""Header fields that we write ourselves on every request: a credential in one of them would not arrive."""


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        msg = "write host:port, for example 127.0.0.1:8443 (port 0 takes a free one)"
        raise ValueError(msg)
    return text


def _origin(text: str) -> str:
    url = urlsplit(text)
    rest = url.path.removeprefix("/") or url.query or url.fragment
    if url.scheme not in {"http", "https"} or not url.hostname or rest or not _is_port(url):
        msg = "write the CRM's origin only, for example https://acme.my.salesforce.com"
        raise ValueError(msg)
    if url.username or url.password:
        msg = "no credentials in a URL: name a file or an environment variable under `credential`"
        raise ValueError(msg)
    return text


def _is_port(url: SplitResult) -> bool:
    try:
        return url.port != 0
    except ValueError:
        return False


def _carries_a_credential(name: str) -> str:
    if name.lower() in FRAMING:
        msg = f"`{name}` is written anew on every request; name the header that your CRM reads, as Authorization"
        raise ValueError(msg)
    return name


Address = Annotated[str, AfterValidator(_address)]
Origin = Annotated[str, AfterValidator(_origin)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


def split_address(address: str) -> tuple[str, int]:
    """Return host and port of a checked `host:port`; brackets around an IPv6 host are removed."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


class Tls(Strict):
    """The certificate a lane shows its clients, and whose client certificates it accepts."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class Upstream(Strict):
    """The one CRM behind a lane."""

    url: Origin
    ca_file: Path | None = None
    """PEM certificates that may sign the CRM's; None = the system's. Verification cannot be switched off."""

    @model_validator(mode="after")
    def _plain_only_on_this_machine(self) -> "Upstream":
        url = urlsplit(self.url)
        if url.scheme == "http" and url.hostname not in LOOPBACK:
            msg = "plain http is accepted only for a CRM on this machine; write https://"
            raise ValueError(msg)
        return self


class Credential(Strict):
    """What the CRM is shown: the client's own credential, or one that only Lychgate holds."""

    passthrough: bool = False
    header: Annotated[
        str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]{0,63}$"), AfterValidator(_carries_a_credential)
    ] = "Authorization"
    scheme: Literal["Bearer", "Basic", "Zoho-oauthtoken", "none"] = "Bearer"
    """`Basic` encodes a secret of the form `user:password`; `none` sends the secret as it is."""
    file: Path | None = None
    env: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "Credential":
        sources = [self.passthrough, self.file is not None, self.env is not None]
        if sum(sources) != 1:
            msg = "write exactly one of `passthrough: true`, `file:` or `env:`"
            raise ValueError(msg)
        return self


class Secret(Strict):
    """Where a secret lies; it never stands in the configuration."""

    file: Path | None = None
    env: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "Secret":
        if (self.file is None) == (self.env is None):
            msg = "write exactly one of `file:` or `env:`"
            raise ValueError(msg)
        return self


def _database(text: str) -> str:
    url = urlsplit(text)
    if url.scheme != "postgresql" or len(url.path) < 2:
        msg = "write postgresql://user@host/database, or leave `url` out for a file below the state folder"
        raise ValueError(msg)
    if url.password is not None or "password" in url.query:
        msg = "no password in a URL: name a file or an environment variable under `password`"
        raise ValueError(msg)
    return text


class Store(Strict):
    """Where rows are kept that outlive a process: wrapped keys, tokens, cases."""

    url: Annotated[str, AfterValidator(_database)] | None = None
    """A PostgreSQL database; None = an SQLite file below the state folder, for one machine."""
    password: Secret | None = None


def _key_server(text: str) -> str:
    url = urlsplit(text)
    plain_here = url.scheme == "http" and url.hostname in LOOPBACK
    if not url.hostname or not (url.scheme == "https" or plain_here) or url.username or url.query:
        msg = "write https://host:port; plain http only for a server on this machine"
        raise ValueError(msg)
    return text


class Pkcs11(Strict):
    """A token of a hardware security module."""

    module: Path
    """The vendor's library."""
    token: Annotated[str, Field(min_length=1, max_length=32)]
    """Its label."""
    pin: Secret
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5


class AwsKms(Strict):
    """AWS KMS; credentials come from the environment, as for everything of AWS."""

    region: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    profile: str | None = None
    endpoint: Annotated[str, AfterValidator(_key_server)] | None = None
    """Of a VPC endpoint; None = AWS's own."""
    waiting_days: Annotated[int, Field(ge=7, le=30)] = 30
    """Between the order to destroy a key and its destruction."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5


class OpenBao(Strict):
    """The Transit engine of an OpenBao or HashiCorp Vault server."""

    address: Annotated[str, AfterValidator(_key_server)]
    mount: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")] = "transit"
    namespace: str | None = None
    ca_file: Path | None = None
    token: Secret
    """Read anew at every request, so that an agent may exchange it."""
    timeout_seconds: Annotated[float, Field(gt=0, le=60)] = 5


class Keys(Strict):
    """Who holds the keys that wrap the keys of data subjects.

    More than one may be described here: `provider` says which one gets new keys, the others are asked for what
    was wrapped before, until `lychgate keys rotate` has wrapped it anew.
    """

    provider: Literal["file", "pkcs11", "aws", "openbao"] = "file"
    passphrase: Secret | None = None
    """Of the key ring's file; None = it is unlocked by the installation's root key."""
    pkcs11: Pkcs11 | None = None
    aws: AwsKms | None = None
    openbao: OpenBao | None = None
    officers: dict[Name, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = Field(default_factory=dict)
    """Who may want a key destroyed: SHA-256 of the token that `lychgate keys officer` made; it takes two."""

    @model_validator(mode="after")
    def _described(self) -> "Keys":
        if self.provider != "file" and getattr(self, self.provider) is None:
            msg = f"`provider: {self.provider}` needs a block `{self.provider}:` that says where it is"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _different_people(self) -> "Keys":
        if len(set(self.officers.values())) != len(self.officers):
            msg = "two officers have the same token: it takes two people to destroy a key"
            raise ValueError(msg)
        return self


class Issuer(Strict):
    """Who may sign the tokens that callers show, and how their claims become roles."""

    issuer: str
    audience: str
    algorithms: tuple[str, ...]
    jwks_file: Path | None = None
    jwks_url: Annotated[str, Field(pattern=r"^https://")] | None = None
    ca_file: Path | None = None
    roles_claim: str = "groups"
    role_map: dict[str, str] = Field(default_factory=dict)
    subject_claim: str = "sub"
    leeway_seconds: Annotated[int, Field(ge=0, le=60)] = 30
    max_lifetime_seconds: Annotated[int, Field(ge=60, le=86_400)] = 3_600

    @model_validator(mode="after")
    def _one_key_set(self) -> "Issuer":
        if not self.algorithms:
            msg = "`algorithms` is empty: name the ones this issuer signs with, for example [RS256]"
            raise ValueError(msg)
        if (self.jwks_file is None) == (self.jwks_url is None):
            msg = "write exactly one of `jwks_file` or `jwks_url`"
            raise ValueError(msg)
        return self


class PolicySource(Strict):
    """Where policies lie: a folder, or a folder in a revision of a git repository on this machine."""

    folder: Path | None = None
    git: Path | None = None
    """The repository, with or without a working tree; nothing is ever fetched into it."""
    revision: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/@{}^~-]{0,199}$")] | None = None
    """A branch, a tag or a commit, looked up again at each reload; None = main."""
    path: Annotated[str, Field(pattern=r"^([A-Za-z0-9_-][A-Za-z0-9._-]*(/|$))*$")] | None = None
    """The policy folder inside the repository; None = all of it."""
    signed_by: Path | None = None
    """Who may sign, an ALLOWED SIGNERS file of ssh-keygen; once it is named, nothing unsigned is accepted."""

    @model_validator(mode="after")
    def _one_place(self) -> "PolicySource":
        if (self.folder is None) == (self.git is None):
            msg = "write exactly one of `folder:` or `git:`"
            raise ValueError(msg)
        if self.folder is not None and (self.revision or self.path):
            msg = "`revision` and `path` belong to `git:`"
            raise ValueError(msg)
        return self


class Reload(Strict):
    """When policies are read again, besides on SIGHUP."""

    watch: bool = False
    """Whether to look for changes; what changed is in force as soon as it lies still and is fine."""
    every_seconds: Annotated[int, Field(ge=1, le=3600)] = 1


class Checkpoints(Strict):
    """How often the ledger's state is signed, and where a second copy of that goes."""

    every_seconds: Annotated[int, Field(ge=1, le=3600)] = 10
    witness: Path | None = None
    """A second folder, best on storage that this machine cannot write twice; it has to be there."""
    witness_every_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9./-]{0,99}$")] | None = None
    """Of the installation, in every checkpoint; None = one made from its root key."""


class LaneLimits(Strict):
    """What one lane gives to clients, and takes of its CRM, in each process; None = as `addons.lane.Limits`
    has it."""

    head_bytes: Annotated[int, Field(ge=4_096, le=262_144)] | None = None
    head_fields: Annotated[int, Field(ge=16, le=512)] | None = None
    head_seconds: Annotated[float, Field(ge=1, le=120)] | None = None
    idle_seconds: Annotated[int, Field(ge=1, le=3_600)] | None = None
    upload_bytes_per_second: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    """What an upload must bring, over five seconds."""
    write_seconds: Annotated[float, Field(ge=1, le=600)] | None = None
    stream_seconds: Annotated[float, Field(ge=1, le=86_400)] | None = None
    upstream_connections: Annotated[int, Field(ge=1, le=4_096)] | None = None
    upstream_per_caller: Annotated[int, Field(ge=1, le=4_096)] | None = None
    upstream_streams: Annotated[int, Field(ge=1, le=4_096)] | None = None
    upstream_idle_seconds: Annotated[float, Field(ge=1, le=600)] | None = None
    upstream_age_seconds: Annotated[float, Field(ge=1, le=86_400)] | None = None

    @model_validator(mode="after")
    def _within_all(self) -> "LaneLimits":
        most = self.upstream_connections
        for name in ("upstream_per_caller", "upstream_streams"):
            part = getattr(self, name)
            if most is not None and part is not None and part > most:
                msg = f"`{name}` is more than `upstream_connections`, and would bound nothing"
                raise ValueError(msg)
        return self


class ProcessLimits(Strict):
    """What one process gives to clients of all its lanes together; None = as `addons.lane.Limits` has it."""

    connections: Annotated[int, Field(ge=1, le=65_536)] | None = None
    connections_per_peer: Annotated[int, Field(ge=1, le=65_536)] | None = None
    buffered_mib: Annotated[int, Field(ge=1, le=65_536)] | None = None
    caller_mib: Annotated[int, Field(ge=1, le=65_536)] | None = None

    @model_validator(mode="after")
    def _within_all(self) -> "ProcessLimits":
        for part, most in (("connections_per_peer", "connections"), ("caller_mib", "buffered_mib")):
            one, all_ = getattr(self, part), getattr(self, most)
            if one is not None and all_ is not None and one > all_:
                msg = f"`{part}` is more than `{most}`, and would bound nothing"
                raise ValueError(msg)
        return self


class Lane(Strict):
    """One listener in front of one CRM."""

    name: Name
    listen: Address
    tls: Tls | None = None
    upstream: Upstream
    credential: Credential
    connector: Name
    crm: Name | None = None
    """Which CRM of this connector is behind the lane, where there are several; lanes of one CRM say the same."""
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    """Country (ISO 3166-1) of telephone numbers that do not say theirs; by it a number of somebody who was
    erased is known in its national form, too."""
    policies: Path | PolicySource | None = None
    """This lane's own policy set; None = the installation's."""
    body_limit_mib: Annotated[int, Field(ge=1, le=64)] = 16
    deadline_seconds: Annotated[int, Field(ge=1, le=600)] = 30
    requests_per_second: Annotated[float, Field(gt=0, le=100_000)] | None = None
    """Of one caller, on average; three seconds' worth may come at once. None = no limit."""
    records_per_hour: Annotated[float, Field(gt=0, le=1_000_000_000)] | None = None
    """That one caller may be shown, on average; a quarter of it may come at once, and what an answer holds
    beyond that is paid for by waiting. None = no limit."""
    limits: LaneLimits = Field(default_factory=LaneLimits)

    @model_validator(mode="after")
    def _plain_only_on_this_machine(self) -> "Lane":
        if self.tls is None and split_address(self.listen)[0] not in LOOPBACK:
            msg = "a lane without `tls` would carry personal data in clear: add `tls`, or listen on 127.0.0.1"
            raise ValueError(msg)
        return self


def _callback(text: str) -> str:
    url = urlsplit(text)
    plain_here = url.scheme == "http" and url.hostname in LOOPBACK
    more = url.username or url.query or url.fragment
    if not url.hostname or not (url.scheme == "https" or plain_here) or more:
        msg = "write https://host[/path]; plain http only for a server on this machine"
        raise ValueError(msg)
    return text.rstrip("/")


Callback = Annotated[str, AfterValidator(_callback)]
MailAddress = Annotated[
    str, Field(max_length=254, pattern=r"^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+$")
]


class Fides(Strict):
    """The Fides server whose webhooks open cases, and which is told how they go."""

    url: Callback
    """Of its API, for example https://fides.example.org/api/v1; nothing else is ever called back."""
    ca_file: Path | None = None


class DrpAgent(Strict):
    """An authorized agent of the Data Rights Protocol."""

    verify_key: Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{43}=$")]
    """Its Ed25519 key, base64, as the service directory has it."""
    callback: Callback | None = None
    """Where its `status_callback`s may lie; None: it asks for states itself."""
    ca_file: Path | None = None


class Drp(Strict):
    """The Data Rights Protocol 1.0: agents that bring signed requests of people they represent."""

    business: Annotated[str, Field(pattern=r"^[A-Z_]{1,64}$")]
    """Our own id in the service directory."""
    agents: dict[Annotated[str, Field(pattern=r"^[A-Z_]{1,64}$")], DrpAgent]
    verification_url: Annotated[str, AfterValidator(_callback)] | None = None
    """Where a person can prove who it is."""


class ErasureApi(Strict):
    """An HTTP API for erasures, on a listener of its own."""

    listen: Address
    tls: Tls | None = None
    requesters: tuple[str, ...] = ()
    """Roles that may open cases and see their own; whoever agrees to erasures by policy may do everything."""
    ground: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")] | None = None
    """Of requests that come from Fides and agents and name none, in the law's words."""
    requests_per_second: Annotated[float, Field(gt=0, le=1_000)] = 5
    """Of one caller, on average; three seconds' worth may come at once."""
    connections: Annotated[int, Field(ge=4, le=10_000)] = 100
    """At a time; with all of them taken, one that is asking nothing makes room for who comes."""
    mail: dict[Name, MailAddress] = Field(default_factory=dict)
    """By the names of clients: where requesters are told by mail how their cases go."""
    fides: Fides | None = None
    drp: Drp | None = None

    @model_validator(mode="after")
    def _plain_only_on_this_machine(self) -> "ErasureApi":
        if self.tls is None and split_address(self.listen)[0] not in LOOPBACK:
            msg = "without `tls` personal data would travel in clear: add `tls`, or listen on 127.0.0.1"
            raise ValueError(msg)
        return self


class Webhook(Strict):
    """Where a recipient takes messages, signed as Standard Webhooks has it."""

    url: Callback
    secret: Secret
    """Shared with the recipient: `whsec_` and base64 of 24 to 64 bytes."""
    ca_file: Path | None = None


class Mail(Strict):
    """A server that takes mail from us, always under TLS with a certificate that verifies."""

    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{1,253}$")]
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    tls: Literal["starttls", "implicit"] = "starttls"
    """Begun after the first words (RFC 3207), or from the first byte (RFC 8314; usually port 465)."""
    ca_file: Path | None = None
    sender: MailAddress
    user: Annotated[str, Field(min_length=1, max_length=254)] | None = None
    password: Secret | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> "Mail":
        if (self.user is None) != (self.password is None):
            msg = "write both of `user:` and `password:`, or neither"
            raise ValueError(msg)
        return self


class Told(Strict):
    """How a recipient of people's data is told that somebody was erased (GDPR Art. 19)."""

    webhook: Webhook | None = None
    mail: MailAddress | None = None
    """An address; `erasure.mail` says which server takes it there."""
    outbox: Path | None = None
    """A folder that gets a file for each message, for whoever brings it there; it has to be there."""
    names: tuple[Literal["record", "email", "phone", "id"], ...] = ("record",)
    """By what the person is named: ids of the records that were erased, or values. A recipient that got ids
    needs no more, and no recipient should be told what it was never given."""

    @model_validator(mode="after")
    def _one_way(self) -> "Told":
        if [self.webhook, self.outbox, self.mail].count(None) != 2:
            msg = "write exactly one of `webhook:`, `mail:` or `outbox:`"
            raise ValueError(msg)
        if self.mail is not None and set(self.names) != {"record"}:
            msg = "mail is read on its way: it can name people by `record` only; values go by webhook or outbox"
            raise ValueError(msg)
        if not self.names:
            msg = "`names` is empty: nobody could tell whom the message is about"
            raise ValueError(msg)
        return self


class Erasure(Strict):
    """What belongs to erasures besides the policies."""

    api: ErasureApi | None = None
    mail: Mail | None = None
    recipients: dict[Name, Told] = Field(default_factory=dict)
    """By the names that clients have as recipients; who is not named is told by a person."""
    sweep_hours: Annotated[float, Field(ge=1, le=24 * 31)] | None = None
    """From one look through all people to the next, for those who are back and those whose time is over; None:
    only when `erasure sweep` says so. It reads every person of every CRM."""

    @model_validator(mode="after")
    def _a_server_for_mail(self) -> "Erasure":
        written = any(told.mail is not None for told in self.recipients.values())
        if self.mail is None and (written or (self.api is not None and self.api.mail)):
            msg = "somebody is told by mail: say in `mail:` which server takes it"
            raise ValueError(msg)
        return self


class Config(Strict):
    """The whole of `lychgate.yaml`; every path in it is absolute once loaded."""

    apiVersion: Literal["lychgate.dev/v1"]  # noqa: N815 - the field's name in YAML
    kind: Literal["Gateway"]
    state: Path = Path("state")
    """Keys, local certificates and the ledger; owned by the service account, mode 0700."""
    policies: Path | PolicySource = Path("policies")
    """A folder, or more about where they come from."""
    reload: Reload = Field(default_factory=Reload)
    checkpoints: Checkpoints = Field(default_factory=Checkpoints)
    store: Store = Field(default_factory=Store)
    keys: Keys = Field(default_factory=Keys)
    admin: Address = "127.0.0.1:9464"
    """Where /metrics, /ready and /healthz answer."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Processes that serve the lanes side by side; more than one are watched by one that holds the ledger."""
    limits: ProcessLimits = Field(default_factory=ProcessLimits)
    drain_seconds: Annotated[int, Field(ge=0, le=300)] = 10
    issuers: dict[Name, Issuer] = Field(default_factory=dict)
    erasure: Erasure = Field(default_factory=Erasure)
    lanes: tuple[Lane, ...]

    @model_validator(mode="after")
    def _distinct(self) -> "Config":
        if not self.lanes:
            msg = "`lanes` is empty: there is nothing to enforce"
            raise ValueError(msg)
        names = [lane.name for lane in self.lanes]
        ports = [lane.listen for lane in self.lanes if not lane.listen.endswith(":0")]
        for what, values in (("name", names), ("listen", ports)):
            if len(set(values)) != len(values):
                msg = f"two lanes have the same `{what}`"
                raise ValueError(msg)
        if split_address(self.admin)[0] not in LOOPBACK:
            msg = "`admin` answers without a credential: it must listen on 127.0.0.1 or ::1"
            raise ValueError(msg)
        return self


def load_config(path: Path) -> Config:
    """Return the configuration in `path`, its relative paths taken from the folder of the file.

    Raises:
        Problems: the file cannot be read or says something wrong; every problem at once.
    """
    (file,) = read_yaml(path)[:1]
    return _absolute(validate(file, Config), path.resolve().parent)


def _absolute[T: Strict](value: T, base: Path) -> T:
    """Return a copy in which every Path, however deep, starts at the root."""
    changes: dict[str, object] = {}
    for name in type(value).model_fields:
        old = getattr(value, name)
        if isinstance(old, Path):
            changes[name] = base / old
        elif isinstance(old, Strict):
            changes[name] = _absolute(old, base)
        elif isinstance(old, tuple):
            changes[name] = tuple(_absolute(item, base) if isinstance(item, Strict) else item for item in old)
        elif isinstance(old, dict):
            changes[name] = {
                key: _absolute(item, base) if isinstance(item, Strict) else item for key, item in old.items()
            }
    return value.model_copy(update=changes)
