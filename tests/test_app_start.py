"""What keeps an installation from starting at all."""

import time
from pathlib import Path

import pytest

from proxy.app import KEY_FILE, build
from proxy.config import load_config
from proxy.demo.installation import LaneOf, make_installation
from proxy.erasure import Known
from proxy.erasures import Erasures
from proxy.errors import Problems
from proxy.keys import rows
from tests.e2e.reading import entries_of

EXPOSED = [
    # whoever can write here can replace the ledger and the keys
    ("state", 0o777),
    ("state", 0o770),
    # whoever has the key can pretend to be the lane
    ("state/tls/localhost.key", 0o604),
    # rules and configuration that anybody can change are not the ones that were reviewed
    ("lychgate.yaml", 0o666),
    ("policies/example/guards.yaml", 0o666),
    # a CRM credential is nobody else's
    ("state/credentials/hubspot", 0o640),
]


WITHDRAWALS = """
withdrawals:
  - id: no-news-any-more
    on: {connectors: [hubspot], objects: [contacts]}
    consent: product_news
    when: resource.opted_out
    then: case
    ground: consent_withdrawn
"""


@pytest.mark.parametrize(("name", "mode"), EXPOSED)
def test_files_open_to_others_are_refused_by_name(tmp_path: Path, name: str, mode: int) -> None:
    """Nothing starts on top of what other accounts can change or read, and the path is told."""
    lane = LaneOf(0, "http://127.0.0.1:9", "secret", tls=True)
    made = make_installation(tmp_path / "gateway", {"hubspot": lane}, admin=0)
    (made.folder / name).chmod(mode)
    with pytest.raises(Problems, match=Path(name).name):
        build(load_config(made.config))


def test_another_root_key_is_refused_where_people_were_erased(tmp_path: Path) -> None:
    """Nobody of them would be known again; with the key put back all is as before."""
    made = make_installation(tmp_path / "gateway", {"hubspot": LaneOf(0, "http://127.0.0.1:9", "x")}, admin=0)
    key = made.folder / "state" / KEY_FILE
    own = key.read_bytes()
    app = build(load_config(made.config))
    Erasures(app).tombstones.put("case0001", [Known("email", "a@b.example")], 7)
    app.ledger.close()
    app.kept.close()
    key.write_bytes(own[::-1])
    with pytest.raises(Problems, match="put the root key back"):
        build(load_config(made.config))
    key.write_bytes(own)
    app = build(load_config(made.config))
    app.ledger.close()
    app.kept.close()


PROTECT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: protect}
protect:
  - id: mail
    on: {connectors: [hubspot], objects: [contacts], fields: [email]}
    as: token
    domain: t.privacy.example.org
"""


def two_lanes(folder: Path, *crms: str) -> Path:
    """Return a configuration with a lane for each CRM, of one connector, and policies that protect a field."""
    made = make_installation(folder, {"hubspot": LaneOf(0, "http://127.0.0.1:9", "secret")}, admin=0)
    (made.policies / "example" / "protect.yaml").write_text(PROTECT, "utf-8")
    head, mark, lane = made.config.read_text("utf-8").partition("  - name: hubspot\n")
    assert mark
    second = lane.replace('"http://127.0.0.1:9"', '"http://127.0.0.1:99"')
    assert second != lane
    said = [f"    crm: {crm}\n" if crm else "" for crm in crms]
    text = f"{head}{mark}{said[0]}{lane}  - name: second\n{said[1]}{second}"
    made.config.write_text(text, "utf-8")
    return made.config


def test_two_crms_do_not_share_what_is_kept_of_protected_values(tmp_path: Path) -> None:
    """Record 101 of one is another person than record 101 of the other: nothing may open, find or erase both."""
    with pytest.raises(Problems, match="lanes hubspot and second share connector hubspot"):
        build(load_config(two_lanes(tmp_path / "a", "", "")))
    app = build(load_config(two_lanes(tmp_path / "b", "", "emea")))
    try:
        places = [
            {
                each.connector
                for fields in app.gateways[lane].rules.protections.values()
                for each in fields.values()
            }
            for lane in ("hubspot", "second")
        ]
        assert places == [{"hubspot"}, {"hubspot/emea"}]
        assert [app.gateways[lane].rules.place for lane in ("hubspot", "second")] == ["hubspot", "hubspot/emea"]
    finally:
        app.close()


def test_two_lanes_of_one_crm_say_so(tmp_path: Path) -> None:
    """Then what one has protected the other opens."""
    app = build(load_config(two_lanes(tmp_path / "c", "emea", "emea")))
    try:
        assert {app.gateways[lane].rules.place for lane in ("hubspot", "second")} == {"hubspot/emea"}
    finally:
        app.close()


async def test_an_officer_who_is_none_at_a_start_has_said_nothing(tmp_path: Path) -> None:
    """Nobody has run a command about keys between; that it is void is on record."""
    made = make_installation(
        tmp_path / "gateway", {"hubspot": LaneOf(0, "http://127.0.0.1:9", "secret")}, admin=0
    )
    app = build(load_config(made.config))
    app.kept.keys.initialise()
    with app.kept.store.begin() as connection:
        rows.assent(connection, rows.Assent(1, "ann", time.time(), "a" * 64))
    await app.started()
    with app.kept.store.read() as connection:
        assert rows.assents(connection) == []
    app.ledger.close()
    app.kept.close()
    said = [each.get("detail") for each in entries_of(made.ledger) if each.get("what") == "keys_destroy_voided"]
    assert said == ["epoch=1 officer=ann"]


def test_withdrawn_consents_are_not_followed_up_on_a_lane_where_nobody_can_look(tmp_path: Path) -> None:
    """It would look as if somebody did; a lane of another connector is no matter."""
    lanes = {name: LaneOf(0, "http://127.0.0.1:9", "secret") for name in ("hubspot", "salesforce")}
    made = make_installation(tmp_path / "gateway", lanes, admin=0)
    rules = made.policies / "example" / "erasure.yaml"
    rules.write_text(rules.read_text("utf-8") + WITHDRAWALS, "utf-8")
    text = made.config.read_text("utf-8")
    (held,) = (line.strip() for line in text.splitlines() if "credentials/salesforce" in line)
    made.config.write_text(text.replace(held, "credential: {passthrough: true}"), "utf-8")
    build(load_config(made.config)).close()
    (held,) = (line.strip() for line in text.splitlines() if "credentials/hubspot" in line)
    made.config.write_text(text.replace(held, "credential: {passthrough: true}"), "utf-8")
    with pytest.raises(Problems, match=r"LG209: .*no-news-any-more"):
        build(load_config(made.config))
