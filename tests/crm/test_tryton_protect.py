"""proteus and plain RPC clients write, read and find values that Tryton has as tokens only."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from proxy.demo.installation import LaneOf
from proxy.demo.processes import free_port
from proxy.demo.tryton import serving
from proxy.demo.under_way import reload, started
from proxy.message import Headers, Request, Response
from proxy.migration.walkers import Row, Tryton
from tests.crm.conftest import CACHE, Lane, Protocol, Wire
from tests.erase.conftest import connector_of

PARTY, MECHANISM = "party.party", "party.contact_mechanism"
MARA = 1
MAIL, PHONE = "nessa.quill@example.org", "+353861239999"
BOTH = pytest.mark.parametrize("protocol", ["xml", "json"])
PROTECT = """\
apiVersion: lychgate.dev/v1
kind: Policy
metadata: {name: protect}
protect:
  - id: ways-to-reach-people
    on: {objects: [party.contact_mechanism], fields: [phone_value, email_value, web_value, any_value]}
    as: token
    domain: t.privacy.example.org
    search: true
"""


@pytest.fixture(scope="module")
def lane(python: Path) -> Iterator[Lane]:
    """A lane whose policies protect every way to reach people."""
    with serving(python, CACHE) as server, tempfile.TemporaryDirectory() as folder:
        upstream = LaneOf(free_port(), server.origin, server.secret, "Basic", tls=True)
        with started(Path(folder), {"tryton": upstream}) as run:
            (run.installation.policies / "example" / "protect.yaml").write_text(PROTECT, "utf-8")
            assert "policy reloaded" in reload(run)
            made = Lane(python, server, run)
            yield made
            for wire in made.wires.values():
                wire.close()


def stored(lane: Lane, *domain: object) -> list[dict[str, object]]:
    """Return mechanisms of Mara as Tryton has them."""
    where = [["party", "=", MARA], *domain]
    found = lane.truth(f"model.{MECHANISM}.search_read", where, 0, None, [["id", "ASC"]], ["type", "value"], {})
    assert isinstance(found, list)
    return found


def test_what_proteus_adds_arrives_as_tokens_and_comes_back(lane: Lane) -> None:
    """The agent adds an address and a number; Tryton has neither, and each caller gets what is theirs."""
    added = lane.proteus("helpdesk").ask(
        ["add", PARTY, MARA, "contact_mechanisms", {"type": "email", "value": MAIL}],
        ["add", PARTY, MARA, "contact_mechanisms", {"type": "phone", "value": PHONE}],
    )
    assert all("ok" in each for each in added), added
    *_, mail, phone = stored(lane)
    assert str(mail["value"]).endswith("@t.privacy.example.org")
    assert str(phone["value"]).startswith("+999")
    assert not any(word in json.dumps(stored(lane)) for word in ("nessa", "861239999"))
    (shown,) = lane.proteus("helpdesk").ask(["get", PARTY, MARA, ["contact_mechanisms.value"]])
    assert shown["ok"]["contact_mechanisms.value"][-2:] == [MAIL, "*** *** 99"]
    (shown,) = lane.proteus("helpdesk_leads").ask(["get", PARTY, MARA, ["contact_mechanisms.value"]])
    assert shown["ok"]["contact_mechanisms.value"][-2:] == [MAIL, PHONE]


def test_proteus_finds_by_equality_and_by_nothing_else(lane: Lane) -> None:
    """Through a relation, as the privacy office looks for everything about a person."""
    lane.proteus("helpdesk").ask(
        ["add", PARTY, MARA, "contact_mechanisms", {"type": "email", "value": "f@example.org"}]
    )
    found, nobody, like, more = lane.proteus("privacy_desk").ask(
        ["find", MECHANISM, [["value", "=", "F@example.org"]], ["value"]],
        ["find", MECHANISM, [["value", "=", "nobody@example.org"]], ["value"]],
        ["find", MECHANISM, [["value", "ilike", "f@%"]], ["value"]],
        ["find", MECHANISM, [["value", ">", "f"]], ["value"]],
    )
    assert [each["value"] for each in found["ok"]] == ["f@example.org"]
    assert nobody == {"ok": []}
    for answer in (like, more):
        assert "only equality with a whole value" in answer["fault"][1]


@BOTH
def test_a_change_says_what_kind_it_is(lane: Lane, protocol: Protocol) -> None:
    """Of a value whose kind nobody says, nobody can tell what is to stand in its place."""
    wire = lane.wire("helpdesk")
    number = int(str(stored(lane)[-1]["id"]))
    told = wire.call(protocol, f"model.{MECHANISM}.write", [number], {"value": "x@example.org"}, {})
    assert told.fault is not None
    assert "without saying what kind" in told.fault


def test_a_migration_writes_over_nobodys_change(lane: Lane) -> None:
    """Tryton itself compares when the record was last changed; read anew, it takes the change."""
    typed = connector_of("tryton").document["rpc"]["objects"][MECHANISM]["typed"]
    walker = Tryton("crm", {MECHANISM: typed})

    def asked(request: Request) -> Response:
        with closing(Wire(lane.server.origin, lane.server.secret, {})) as wire:
            status, body, _ = wire.post(request.body, "application/json", request.path)
            return Response(status, Headers(), body)

    def read(key: str) -> Row:
        (row,) = walker.rows(
            MECHANISM, ["email_value"], asked(walker.again(MECHANISM, ["email_value"], key))
        ).rows
        return row

    lane.proteus("helpdesk").ask(
        ["add", PARTY, MARA, "contact_mechanisms", {"type": "email", "value": "race@example.org"}]
    )
    key = str(stored(lane)[-1]["id"])
    row = read(key)
    assert row.version
    lane.truth(f"model.{MECHANISM}.write", [int(key)], {"value": "theirs@example.org"}, {})
    late = walker.outcome(asked(walker.change(MECHANISM, row, {"email_value": "ours@example.org"})))
    assert (late, read(key).values) == ("changed", {"email_value": "theirs@example.org"})
    again = walker.outcome(asked(walker.change(MECHANISM, read(key), {"email_value": "ours@example.org"})))
    assert (again, read(key).values) == ("taken", {"email_value": "ours@example.org"})
    lane.truth(f"model.{MECHANISM}.delete", [int(key)], {})


@BOTH
def test_a_token_in_another_record_is_withheld(lane: Lane, protocol: Protocol) -> None:
    """Somebody in Tryton copies a token from one record over another's."""
    lane.proteus("helpdesk").ask(
        ["add", PARTY, MARA, "contact_mechanisms", {"type": "email", "value": "one@example.org"}],
        ["add", PARTY, MARA, "contact_mechanisms", {"type": "email", "value": "two@example.org"}],
    )
    *_, one, two = stored(lane)
    wire = lane.wire("helpdesk_leads")
    ids = [one["id"], two["id"]]
    read = (f"model.{MECHANISM}.read", ids, ["type", "value"], {})
    assert [each["value"] for each in wire.call(protocol, *read).result] == [
        "one@example.org",
        "two@example.org",
    ]
    lane.truth(f"model.{MECHANISM}.write", [two["id"]], {"value": one["value"]}, {})
    told = wire.call(protocol, *read)
    assert [each["value"] for each in told.result] == ["one@example.org", None]
    assert [each["what"] for each in lane.entries(told.decision) if each["kind"] == "noted"] == [
        "integrity_violation"
    ]
