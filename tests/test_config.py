"""`lychgate.yaml`: what is unsafe is refused with its place, before anything listens."""

import re
from pathlib import Path

import pytest

from proxy.config import PolicySource, load_config, split_address
from proxy.errors import Problems

LANE = """
  - name: crm
    listen: 127.0.0.1:8443
    upstream: {url: "https://crm.example.com"}
    credential: {env: CRM_TOKEN}
    connector: salesforce
"""
HEAD = "apiVersion: lychgate.dev/v1\nkind: Gateway\n"


def write(folder: Path, text: str) -> Path:
    """Write a configuration and return its path."""
    path = folder / "lychgate.yaml"
    path.write_text(text, "utf-8")
    return path


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    """A path in the file does not depend on where the process was started."""
    text = HEAD + "policies: rules\nlanes:" + LANE.replace("env: CRM_TOKEN", "file: secrets/token")
    config = load_config(write(tmp_path, text))
    assert config.policies == tmp_path / "rules"
    assert config.state == tmp_path / "state"
    assert config.lanes[0].credential.file == tmp_path / "secrets/token"


def test_a_lane_has_safe_defaults(tmp_path: Path) -> None:
    """What nobody wrote is the careful choice."""
    (lane,) = load_config(write(tmp_path, HEAD + "lanes:" + LANE)).lanes
    assert (lane.body_limit_mib, lane.deadline_seconds, lane.credential.passthrough) == (16, 30, False)


UNSAFE = [
    # a lane for other machines must have TLS
    ("listen: 127.0.0.1:8443", "listen: 0.0.0.0:8443", "carry personal data in clear"),
    # a CRM on another machine is spoken to over verified TLS only
    ("https://crm.example.com", "http://crm.example.com", "plain http is accepted only"),
    # there is no word for switching verification off
    ("connector: salesforce", "connector: salesforce\n    insecure: true", "insecure"),
    # secrets do not stand in URLs, nor in the file at all
    ("https://crm.example.com", "https://me:pw@crm.example.com", "no credentials in a URL"),
    ("{env: CRM_TOKEN}", "{token: abc}", "token"),
    # two sources would leave open which one counts
    ("{env: CRM_TOKEN}", "{env: CRM_TOKEN, passthrough: true}", "exactly one of"),
    # a path in the origin would be dropped silently
    ("https://crm.example.com", "https://crm.example.com/services", "origin only"),
    ("https://crm.example.com", "https://crm.example.com/#x", "origin only"),
    # nothing listens on port 0, and there is no port 99999
    ("https://crm.example.com", "https://crm.example.com:0", "origin only"),
    ("https://crm.example.com", "https://crm.example.com:99999", "origin only"),
    # the data plane writes these itself, so the CRM would never see the credential
    ("{env: CRM_TOKEN}", "{env: CRM_TOKEN, header: Host}", "written anew"),
    ("{env: CRM_TOKEN}", "{env: CRM_TOKEN, header: content-length}", "written anew"),
    # a port is needed
    ("127.0.0.1:8443", "127.0.0.1", "host:port"),
]


@pytest.mark.parametrize(("before", "after", "told"), UNSAFE)
def test_what_is_unsafe_is_refused_with_its_place(tmp_path: Path, before: str, after: str, told: str) -> None:
    """Each unsafe line gives an error that names the file, the line and what to write instead."""
    path = write(tmp_path, HEAD + "lanes:" + LANE.replace(before, after))
    with pytest.raises(Problems) as caught:
        load_config(path)
    (problem,) = caught.value.problems
    assert told in problem.message
    assert problem.file == str(path)
    assert problem.line > 2


def test_the_admin_port_stays_on_this_machine(tmp_path: Path) -> None:
    """An address that answers without a credential must not be reachable from elsewhere."""
    with pytest.raises(Problems, match="answers without a credential"):
        load_config(write(tmp_path, HEAD + "admin: 0.0.0.0:9464\nlanes:" + LANE))


def test_two_lanes_cannot_share_a_name_or_a_port(tmp_path: Path) -> None:
    """Metrics and the ledger tell lanes apart by name."""
    with pytest.raises(Problems, match="same `name`"):
        load_config(write(tmp_path, HEAD + "lanes:" + LANE + LANE.replace("8443", "8444")))
    with pytest.raises(Problems, match="same `listen`"):
        load_config(write(tmp_path, HEAD + "lanes:" + LANE + LANE.replace("name: crm", "name: other")))


def test_an_issuer_needs_exactly_one_key_set(tmp_path: Path) -> None:
    """Two key sets would leave open which one is believed."""
    issuer = "issuers:\n  corp: {issuer: x, audience: lychgate, algorithms: [RS256]}\n"
    with pytest.raises(Problems, match="exactly one of `jwks_file`"):
        load_config(write(tmp_path, HEAD + issuer + "lanes:" + LANE))


@pytest.mark.parametrize(
    ("address", "parts"),
    [("127.0.0.1:0", ("127.0.0.1", 0)), ("[::1]:443", ("::1", 443)), ("x.y:1", ("x.y", 1))],
)
def test_addresses_are_split(address: str, parts: tuple[str, int]) -> None:
    """IPv6 brackets are not part of the host."""
    assert split_address(address) == parts


def test_policies_may_come_from_git_and_have_to_be_signed(tmp_path: Path) -> None:
    """Paths start at the file; what nobody wrote is None, and nothing is watched."""
    source = "policies: {git: repo.git, revision: release/1.x, path: rules/eu, signed_by: signers}\n"
    config = load_config(write(tmp_path, HEAD + source + "lanes:" + LANE))
    assert isinstance(config.policies, PolicySource)
    assert (config.policies.git, config.policies.signed_by) == (tmp_path / "repo.git", tmp_path / "signers")
    assert (config.policies.revision, config.policies.path) == ("release/1.x", "rules/eu")
    assert (config.reload.watch, config.reload.every_seconds) == (False, 1)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("policies: {git: a, folder: b}", "exactly one of `folder:` or `git:`"),
        ("policies: {signed_by: a}", "exactly one of `folder:` or `git:`"),
        ("policies: {folder: a, revision: main}", "belong to `git:`"),
        ("policies: {git: a, revision: --output=x}", "is not of the form"),  # never an option of git
        ("policies: {git: a, path: ../b}", "is not of the form"),
        ("policies: {git: a, path: /etc}", "is not of the form"),
        ("policies: {git: a, signedby: b}", 'unknown key "signedby"'),
        ("reload: {watch: yes}", "expected true or false"),
        ("reload: {every_seconds: 0}", "greater than or equal to 1"),
    ],
)
def test_a_source_of_policies_has_to_be_clear(tmp_path: Path, lines: str, message: str) -> None:
    """Two places, a revision of no repository, a way out of it: each is refused with its line."""
    with pytest.raises(Problems) as caught:
        load_config(write(tmp_path, HEAD + lines + "\nlanes:" + LANE))
    assert any(message in problem.message and problem.line == 3 for problem in caught.value.problems)


def test_the_example_in_the_reference_can_be_loaded(tmp_path: Path) -> None:
    """What policies/README.md says about sources stands in a configuration as it is."""
    text = (Path(__file__).parents[1] / "policies" / "README.md").read_text()
    (example,) = re.findall(r"^```yaml gateway\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    config = load_config(write(tmp_path, f"{HEAD}{example}lanes:{LANE}"))
    assert isinstance(config.policies, PolicySource)
    assert config.reload.watch


def test_what_the_readme_says_of_keys_is_a_configuration(tmp_path: Path) -> None:
    """Its block loads as it stands, once the digests are whole."""
    text = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    block = text.partition("### Keys")[2].partition("```yaml\n")[2].partition("```")[0]
    whole = re.sub(r"([0-9a-f]{8})\.\.\.", lambda found: found[1].ljust(64, "0"), block)
    config = load_config(write(tmp_path, f"{HEAD}{whole}lanes:{LANE}"))
    assert config.store.url is not None
    assert (config.keys.provider, len(config.keys.officers)) == ("pkcs11", 2)
    for line in re.findall(r"^  # (\w+: .*)$", whole, re.MULTILINE):
        load_config(write(tmp_path, f"{HEAD}keys:\n  {line}\nlanes:{LANE}"))


LIMITED = [
    ("limits: {head_bytes: 10}", "greater than or equal to 4096"),
    ("limits: {head_byts: 65536}", "head_bytes"),
    ("limits: {upstream_connections: 4, upstream_per_caller: 5}", "`upstream_per_caller` is more than"),
    ("limits: {upstream_connections: 4, upstream_streams: 5}", "`upstream_streams` is more than"),
    ("limits: {idle_seconds: forever}", "expected a whole number"),
]


@pytest.mark.parametrize(("limits", "says"), LIMITED)
def test_a_limit_that_bounds_nothing_is_refused(tmp_path: Path, limits: str, says: str) -> None:
    """With its place, and what to write instead."""
    with pytest.raises(Problems) as caught:
        load_config(write(tmp_path, f"{HEAD}lanes:{LANE}    {limits}\n"))
    assert re.search(r"lychgate.yaml:\d+:\d+: ", str(caught.value))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "limits",
    ["{connections: 4, connections_per_peer: 5}", "{buffered_mib: 1, caller_mib: 2}", "{connections: 0}"],
)
def test_a_limit_of_the_process_that_bounds_nothing_is_refused(tmp_path: Path, limits: str) -> None:
    """As those of a lane."""
    with pytest.raises(Problems):
        load_config(write(tmp_path, f"{HEAD}limits: {limits}\nlanes:{LANE}"))


API = "erasure:\n  api:\n    listen: 127.0.0.1:8470\n"


def test_the_erasure_api_listens_in_clear_on_this_machine_only(tmp_path: Path) -> None:
    """Anywhere else it needs TLS; without the block there is none."""
    assert load_config(write(tmp_path, HEAD + "lanes:" + LANE)).erasure.api is None
    api = load_config(write(tmp_path, HEAD + API + "lanes:" + LANE)).erasure.api
    assert api is not None
    assert (api.requesters, api.fides, api.drp) == ((), None, None)
    text = HEAD + API.replace("127.0.0.1", "0.0.0.0") + "lanes:" + LANE
    with pytest.raises(Problems, match=r"lychgate.yaml:5:\d+: .*without `tls` personal data"):
        load_config(write(tmp_path, text))
    tls = "    tls: {certificate: tls/api.pem, key: tls/api.key}\n"
    api = load_config(
        write(tmp_path, HEAD + API.replace("127.0.0.1", "0.0.0.0") + tls + "lanes:" + LANE)
    ).erasure.api
    assert api is not None
    assert api.tls is not None
    assert api.tls.certificate == tmp_path / "tls/api.pem"


@pytest.mark.parametrize(
    "more",
    [
        '    fides: {url: "http://fides.example"}\n',  # would send its tokens in clear
        '    fides: {url: "https://user@fides.example"}\n',
        "    drp: {business: acme, agents: {}}\n",
        "    drp: {business: ACME, agents: {AGENT: {verify_key: short}}}\n",
    ],
)
def test_what_the_erasure_api_calls_back_is_safe(tmp_path: Path, more: str) -> None:
    """Refused with its place before anything listens."""
    with pytest.raises(Problems, match=r"lychgate.yaml:6:"):
        load_config(write(tmp_path, HEAD + API + more + "lanes:" + LANE))


def test_the_examples_of_the_readme_are_some(tmp_path: Path) -> None:
    """Word for word: how others are told, and the API."""
    readme = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    examples = [
        text for text in re.findall(r"```yaml\n(.*?)```", readme, re.DOTALL) if text.startswith("erasure:")
    ]
    server = "  mail:" + examples[0].partition("\n  mail:")[2]
    examples[1] += server  # as the second one says
    told, api = (load_config(write(tmp_path, HEAD + text + "lanes:" + LANE)).erasure for text in examples)
    assert told.recipients["mailer_us"].outbox == tmp_path / "outbox/mailer"
    assert api.api is not None
    assert api.api.drp is not None
