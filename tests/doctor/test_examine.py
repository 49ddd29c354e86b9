"""What is found in an installation, sound and broken in each of its parts."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest

from proxy.app import KEY_FILE, build
from proxy.cli.starter import configuration
from proxy.config import load_config
from proxy.crypto import ensure_authority, issue_leaf
from proxy.doctor import Grade, examine
from proxy.scaffold import TLS, scaffold

NOW = datetime.now(UTC) + timedelta(hours=1)
"""Later than any certificate made while the tests run: this is read before the first of them begins."""
SECRET = "a-secret-nobody-prints"


@pytest.fixture
def gate(tmp_path):
    """A fresh installation, its credential in place and its authority's key put away."""
    list(scaffold(tmp_path, configuration("salesforce", "https://localhost:1")))
    state = tmp_path / "state"
    config = tmp_path / "lychgate.yaml"
    config.write_text(config.read_text().replace("passthrough: true", "file: state/credentials/salesforce"))
    credential = state / "credentials" / "salesforce"
    credential.write_text(SECRET)
    credential.chmod(0o600)
    (state / TLS / "ca.key").rename(tmp_path / "away.key")
    return tmp_path


def config_of(gate, **changes):
    """Return the configuration, its lane listening on a free port."""
    config = load_config(gate / "lychgate.yaml")
    (lane,) = config.lanes
    return config.model_copy(update={"lanes": (lane.model_copy(update={"listen": "127.0.0.1:0", **changes}),)})


def bad(gate, config=None, *, now=NOW, network=False):
    """Return what is not as it should be."""
    found = list(examine(config or config_of(gate), now=now, network=network))
    assert SECRET not in repr(found)
    return [finding for finding in found if finding.grade is not Grade.OK]


def test_a_fresh_installation_is_sound_but_for_callers_nobody_gave_a_key(gate):
    """The example's clients have no keys yet: that is said, and nothing else."""
    found = bad(gate)
    assert [finding.part for finding in found] == ["lane salesforce"]
    assert "prove who it is" in found[0].what or "cannot come in" in found[0].what


@pytest.mark.parametrize(
    ("breaks", "part", "says"),
    [
        (lambda gate: (gate / "state" / KEY_FILE).unlink(), "keys", "key_unreadable"),
        (lambda gate: (gate / "state" / KEY_FILE).chmod(0o644), "keys", "key_exposed"),
        (lambda gate: (gate / "state").chmod(0o777), "state", "open to others"),
        (
            lambda gate: (gate / "policies" / "vocabulary.yaml").write_text("kind: Nonsense"),
            "policies",
            "problems",
        ),
        (lambda gate: next((gate / "state" / "credentials").iterdir()).unlink(), "lane salesforce", "no usable"),
        (lambda gate: (gate / "state" / TLS / "localhost.pem").write_text(""), "lane salesforce", "unreadable"),
        (
            lambda gate: (gate / "away.key").rename(gate / "state" / TLS / "ca.key"),
            "authority",
            "whoever takes it",
        ),
    ],
)
def test_what_is_broken_is_found_and_what_to_do_is_said(gate, breaks, part, says):
    """Each part broken by itself is reported under its own name, with a mend."""
    before = set(bad(gate))
    breaks(gate)
    fresh = [finding for finding in bad(gate) if finding not in before]
    assert [finding for finding in fresh if finding.part == part and says in finding.what and finding.do]


def test_a_missing_state_folder_is_told_once_and_the_rest_is_still_looked_at(gate):
    """Nothing is raised, and the lanes are looked at all the same."""
    (gate / "state").rename(gate / "elsewhere")
    parts = [finding.part for finding in examine(config_of(gate), now=NOW, network=False)]
    assert parts.count("state") == 1
    assert "lane salesforce" in parts


@pytest.mark.parametrize(
    ("days", "grade"), [(0, Grade.OK), (380, Grade.WARN), (398, Grade.FAIL), (-2, Grade.FAIL)]
)
def test_certificates_are_judged_by_the_clock(gate, days, grade):
    """A certificate of 397 days is fine, then about to end, then over; and not yet valid before it was made."""
    found = examine(config_of(gate), now=NOW + timedelta(days=days), network=False)
    (leaf,) = [each for each in found if "localhost.pem" in each.what]
    assert leaf.grade is grade


def test_a_key_of_another_certificate_is_found(gate):
    """Certificate and key belong together."""
    other = gate / "other"
    other.mkdir()
    ensure_authority(other)
    _, key = issue_leaf(other, ["localhost"])
    key.replace(gate / "state" / TLS / "localhost.key")
    assert any("key_mismatch" in finding.what for finding in bad(gate))


def test_a_changed_ledger_is_found(gate):
    """One flipped byte of a written ledger."""
    config = config_of(gate)
    app = build(config)
    app.ledger.close()
    assert not [finding for finding in bad(gate) if finding.part == "ledger"]
    (segment,) = (gate / "state" / "ledger").glob("*.segment")
    with segment.open("r+b") as file:
        file.seek(20)
        file.write(b"\x07")
    assert [finding for finding in bad(gate) if finding.part == "ledger"]


def test_a_port_that_is_taken_is_a_warning(gate):
    """It may be this proxy's own."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = config_of(gate, listen=f"127.0.0.1:{taken.getsockname()[1]}")
        assert any("is in use" in each.what and each.grade is Grade.WARN for each in bad(gate, config))


@pytest.fixture
def crm(tmp_path):
    """A TLS server that shakes hands and hears nothing; yields its port, its authority and what it heard."""
    folder = tmp_path / "crm"
    folder.mkdir()
    authority = ensure_authority(folder)
    certificate, key = issue_leaf(folder, ["localhost"], [ip_address("127.0.0.1")])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            while True:
                try:
                    accepted, _ = listening.accept()
                    with context.wrap_socket(accepted, server_side=True) as wrapped:
                        heard.append(wrapped.recv(100))
                except ssl.SSLError:
                    continue
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], authority, heard
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def upstream(gate, port, ca_file, host="localhost"):
    """Return the configuration with that CRM behind its lane."""
    lane = config_of(gate).lanes[0]
    there = lane.upstream.model_copy(update={"url": f"https://{host}:{port}", "ca_file": ca_file})
    return config_of(gate, upstream=there)


def test_a_crm_that_proves_its_name_is_fine_and_is_asked_nothing(gate, crm):
    """The handshake is all that happens."""
    port, authority, heard = crm
    told = list(examine(upstream(gate, port, authority), now=NOW))
    assert any("a certificate we trust" in each.what and each.grade is Grade.OK for each in told)
    assert not any(heard)


@pytest.mark.parametrize("case", ["another authority", "another name", "nobody there", "no such host"])
def test_a_crm_that_cannot_be_trusted_or_reached_is_a_failure(gate, crm, case, tmp_path):
    """Each for its own reason."""
    port, authority, _ = crm
    other = tmp_path / "another"
    other.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = free.getsockname()[1]
    config, says = {
        "another authority": (upstream(gate, port, ensure_authority(other)), "does not prove to be itself"),
        "another name": (upstream(gate, port, authority, "127.0.0.2"), "cannot be reached"),
        "nobody there": (upstream(gate, nobody, authority), "cannot be reached"),
        "no such host": (upstream(gate, port, authority, "crm.invalid"), "no such host"),
    }[case]
    assert any(says in each.what and each.grade is Grade.FAIL for each in bad(gate, config, network=True))
