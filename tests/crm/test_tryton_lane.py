"""proteus and plain RPC clients against a real Tryton, with a lane between them; nobody has been told of it."""

from typing import Any

import pytest

from proxy.demo.tryton import Answer
from tests.crm.conftest import Lane, Protocol, Told

PARTY, MECHANISM, ADDRESS, IDENTIFIER = (
    "party.party",
    "party.contact_mechanism",
    "party.address",
    "party.identifier",
)
MARA, JONAS, AIKO = 1, 2, 3
PASSPORT, PHONE, STREET = "PASSPORT-LC7711220", "+353861234567", "12 Harbour Row"
CANARIES = (
    "LC7711220", "353861234567", "Harbour Row", "penicillin", "mara.quinn", "Mara Quinn", "Aiko", "Jonas",
    "lychgate-demo-only", "lg_",
)  # fmt: skip
NOT_QUERYABLE = "This request filters, sorts or groups by a field"
NOT_GRANTED = "Your role and purpose do not allow this."
NOT_WRITABLE = "This request writes a field that your role and purpose may not change."
UNDECLARED = "Policy does not allow this request."
MASKED = "A value in this write looks like one that was masked"
BOTH = pytest.mark.parametrize("protocol", ["xml", "json"])


def seen(answer: Answer, path: str) -> Any:
    """Return what proteus has for a field."""
    return answer["ok"][path]


def flawless(told: Told) -> Any:
    """Return a result, which there must be."""
    assert told.fault is None
    return told.result


# ---- what proteus gets -------------------------------------------------------------------------------------


def test_proteus_gets_allowed_data_masked_data_and_its_usual_exceptions(lane: Lane) -> None:
    """The unmodified client works with what the lane lets it have, and raises `Fault` where it lets it not."""
    name, mail, phone, street, passport, search, filtered, renamed, deleted, wizard = lane.proteus(
        "helpdesk"
    ).ask(
        ["get", PARTY, MARA, ["name"]],
        ["get", PARTY, MARA, ["email"]],
        ["get", PARTY, MARA, ["phone", "contact_mechanisms.value"]],
        ["get", PARTY, MARA, ["addresses.city", "addresses.street"]],
        ["get", PARTY, MARA, ["identifiers.code"]],
        ["find", PARTY, [["name", "ilike", "mara%"]], ["code"]],
        ["find", PARTY, [["identifiers.code", "=", PASSPORT]], ["name"]],
        ["set", PARTY, MARA, {"name": "Somebody Else"}],
        ["delete", PARTY, MARA],
        ["wizard", "party.erase", PARTY, MARA],
    )
    assert seen(name, "name") == "Mara Quinn"
    assert seen(mail, "email") == "mara.quinn@example.org"
    assert (seen(phone, "phone"), seen(phone, "contact_mechanisms.value")) == (
        "*** *** 67",
        ["*** *** 67", "mara.quinn@example.org"],
    )
    assert (seen(street, "addresses.city"), seen(street, "addresses.street")) == (["Cork"], [None])
    assert seen(passport, "identifiers.code") == [None]
    assert search == {"ok": [{"id": MARA, "code": "P-001"}]}
    for answer, text in (
        (filtered, NOT_QUERYABLE),
        (renamed, NOT_WRITABLE),
        (deleted, NOT_GRANTED),
        (wizard, UNDECLARED),
    ):
        code, said = answer["fault"]
        assert (code, said[: len(text)]) == (1, text)
    assert lane.truth(f"model.{PARTY}.read", [MARA], ["name"], {}) == [{"id": MARA, "name": "Mara Quinn"}]


def test_proteus_of_another_role_gets_something_else(lane: Lane) -> None:
    """A marketer has names and addresses to write to; a privacy officer has what the CRM has."""
    fields = ["name", "code", "phone", "email", "contact_mechanisms.value", "contact_mechanisms.comment"]
    (marketer,), (officer,) = (
        lane.proteus(client).ask(["get", PARTY, MARA, fields]) for client in ("mailer", "privacy_desk")
    )
    mail = "mara.quinn@example.org"
    assert [seen(marketer, path) for path in fields] == [
        "Mara Quinn",
        None,
        None,
        mail,
        [None, mail],
        [None, None],
    ]
    assert [seen(officer, path) for path in fields[:5]] == ["Mara Quinn", "P-001", PHONE, mail, [PHONE, mail]]
    assert "penicillin" in seen(officer, "contact_mechanisms.comment")[0]


def test_proteus_writes_what_may_be_written(lane: Lane) -> None:
    """A changed number, and a new one that hangs on a party, arrive in the CRM as they were typed."""
    changed, added = lane.proteus("helpdesk").ask(
        ["set", MECHANISM, 3, {"value": "+4930555019"}],
        ["add", PARTY, JONAS, "contact_mechanisms", {"type": "mobile", "value": "+4915155501990"}],
    )
    assert (changed, added) == ({"ok": None}, {"ok": None})
    held = lane.truth(f"model.{MECHANISM}.search_read", [["party", "=", JONAS]], 0, None, None, ["value"], {})
    assert {"+4930555019", "+4915155501990"} <= {row["value"] for row in held}


def test_proteus_without_a_key_is_told_so_before_anything_else(lane: Lane) -> None:
    """An unknown credential is a 401, which xmlrpc.client raises as ProtocolError."""
    known = lane.proteus("helpdesk")
    for url in (
        known.url.replace("lg_", "lg_x"),
        known.url.replace("x:", "admin:x", 1),
        f"{lane.origin}/crm/rpc/",
    ):
        (answer,) = type(known)(known.python, url, {}, known.ca).ask(["find", PARTY, [], []])
        assert answer["http"][0] == 401


# ---- two protocols, one meaning ----------------------------------------------------------------------------

EVERYTHING = {
    PARTY: ["name", "code", "phone", "email", "website", "rec_name", "lang.name", "active", "write_date",
            "addresses.city", "identifiers.code", "contact_mechanisms.value", "contact_mechanisms.type"],
    MECHANISM: ["type", "type:string", "value", "value_compact", "url", "comment", "name", "party", "party.name",
                "create_date"],
    ADDRESS: ["street", "city", "postal_code", "party_name", "party", "country.name", "full_address", "rec_name",
              "street_single_line"],
    IDENTIFIER: ["code", "type", "rec_name", "party.rec_name"],
}  # fmt: skip


@pytest.mark.parametrize("name", EVERYTHING)
@pytest.mark.parametrize("client", ["helpdesk", "helpdesk_leads", "mailer", "privacy_desk"])
def test_a_record_is_the_same_in_both_protocols(lane: Lane, client: str, name: str) -> None:
    """Parity: what XML-RPC shows of a record, JSON-RPC shows too, and nothing else; refusals included."""
    wire = lane.wire(client)
    calls: list[tuple[str, list[Any]]] = [
        (f"model.{name}.read", [[MARA], EVERYTHING[name], {}]),
        (f"model.{name}.search_read", [[["id", "=", MARA]], 0, None, None, EVERYTHING[name], {}]),
        (f"model.{name}.fields_get", [None, 0, {}]),
    ]
    for method, params in calls:
        xml, json = (wire.call(protocol, method, *params) for protocol in ("xml", "json"))
        assert (xml.result, xml.fault) == (json.result, json.fault)
        assert [_story(entry) for entry in lane.told_of(xml.decision)] == [
            _story(entry) for entry in lane.told_of(json.decision)
        ]


def _story(entry: dict[str, Any]) -> dict[str, Any]:
    """Return what an entry says, less what is new each time."""
    return {name: value for name, value in entry.items() if name not in {"id", "seq", "time_ms", "prev"}}


def test_what_parity_compares_is_not_nothing(lane: Lane) -> None:
    """The officer's record is whole, so that the comparison above is about something."""
    told = lane.wire("privacy_desk").call("json", f"model.{PARTY}.read", [MARA], EVERYTHING[PARTY], {})
    (row,) = flawless(told)
    assert (row["phone"], row["identifiers."]) == (PHONE, [{"id": 1, "code": PASSPORT}])


# ---- hidden values cannot be asked for ---------------------------------------------------------------------

HIDDEN: list[tuple[str, list[Any]]] = [
    (PARTY, [["identifiers.code", "like", "PASSPORT-L%"]]),
    (PARTY, [["identifiers", "where", [["code", "=", PASSPORT]]]]),
    (PARTY, ["OR", [["name", "=", "x"]], [["identifiers.code", "=", PASSPORT]]]),
    (PARTY, [["addresses.street", "ilike", "%harbour%"]]),
    (PARTY, [["contact_mechanisms.value", "like", "+353%"]]),
    (PARTY, [["contact_mechanisms.comment", "ilike", "%penicillin%"]]),
    (PARTY, [["contact_mechanisms.party.identifiers.code", "=", PASSPORT]]),  # round a corner and back
    (PARTY, [["rec_name", "ilike", "%LC7711220%"]]),  # a label that looks into passports
    (PARTY, [["lang", "=", "English"]]),  # text compared with a relation is a search by label
    (PARTY, [["active", "=", False]]),
    (PARTY, [["create_uid", "=", 1]]),  # nobody declared it
    (PARTY, [["x_nope", "=", 1]]),  # there is no such field, and it reads the same
    (MECHANISM, [["party", "=", PASSPORT]]),  # the leaf names only the relation
    (MECHANISM, [["party.rec_name", "=", PASSPORT]]),
    (MECHANISM, [["rec_name", "ilike", "%353%"]]),
    (MECHANISM, [["value_compact", "like", "+353%"]]),
    (ADDRESS, [["full_address", "ilike", "%harbour%"]]),
    (IDENTIFIER, [["code", "like", "%"]]),
]


@BOTH
@pytest.mark.parametrize("at", range(len(HIDDEN)))
def test_no_filter_reaches_a_hidden_value(lane: Lane, protocol: Protocol, at: int) -> None:
    """Every way of asking who has a hidden value is refused, whichever method asks (IO-01 to IO-09)."""
    name, domain = HIDDEN[at]
    wire = lane.wire("helpdesk")
    for method, rest in (
        ("search", [0, None, None]),
        ("search_count", [0, None]),
        ("search_read", [0, 1, None, ["id"]]),
    ):
        told = wire.call(protocol, f"model.{name}.{method}", domain, *rest, {})
        assert told.fault is not None
        assert told.fault.startswith(NOT_QUERYABLE)
        (entry,) = lane.told_of(told.decision)
        assert (entry["kind"], entry["reason"]) == ("declined", "field_not_queryable")


@BOTH
@pytest.mark.parametrize(
    ("name", "order"),
    [
        (PARTY, [["lang", "ASC"]]),
        (PARTY, [["identifiers", "ASC"]]),
        (PARTY, [["name", "ASC"], ["create_uid", "DESC"]]),
        (MECHANISM, [["value", "ASC"]]),
        (MECHANISM, [["comment", "DESC NULLS LAST"]]),
        (ADDRESS, [["street_name", "ASC"]]),
        (IDENTIFIER, [["code", "ASC"]]),
    ],
)
def test_no_order_reaches_a_hidden_value(lane: Lane, protocol: Protocol, name: str, order: list[Any]) -> None:
    """How hidden values compare is not told either (IO-03)."""
    told = lane.wire("helpdesk").call(protocol, f"model.{name}.search", [], 0, None, order, {})
    assert told.fault is not None
    assert told.fault.startswith(NOT_QUERYABLE)


def test_the_order_nobody_chose_tells_nothing(lane: Lane) -> None:
    """Tryton would answer by name; through the lane a marketer, who may not sort, gets the order of ids."""
    assert flawless(lane.wire("mailer").call("json", f"model.{PARTY}.search", [], 0, None, None, {})) == [
        1,
        2,
        4,
    ]


@BOTH
def test_a_field_that_nobody_declared_and_none_at_all_read_the_same(lane: Lane, protocol: Protocol) -> None:
    """Tryton has `create_uid`, and has no `x_nope`; asked for either, it would say so."""
    wire = lane.wire("helpdesk")
    for fields, shown in (
        (["name", "{}"], [{"id": MARA, "name": "Mara Quinn"}]),
        (["name", "lang.{}"], [{"id": MARA, "name": "Mara Quinn"}]),
        (["{}"], None),
    ):
        for name in ("create_uid", "x_nope"):
            asked = [each.format(name) for each in fields]
            told = wire.call(protocol, f"model.{PARTY}.read", [MARA], asked, {})
            assert told.result == shown, name
            assert (told.fault or NOT_GRANTED).startswith(NOT_GRANTED)


@BOTH
def test_the_context_brings_back_nobody(lane: Lane, protocol: Protocol) -> None:
    """`active_test` is a filter on `active`; only the privacy office sees who was set inactive."""
    call = (f"model.{PARTY}.search", [], 0, None, None, {"active_test": False})
    told = lane.wire("helpdesk").call(protocol, *call)
    assert told.fault is not None
    assert told.fault.startswith(NOT_QUERYABLE)
    assert AIKO in flawless(lane.wire("privacy_desk").call(protocol, *call))


@BOTH
def test_labels_show_no_more_than_fields(lane: Lane, protocol: Protocol) -> None:
    """`rec_name` of a party is its name; labels that put more into one text do not come."""
    wire = lane.wire("helpdesk")
    read = ["rec_name", "full_name"]
    assert flawless(wire.call(protocol, f"model.{PARTY}.read", [MARA], read, {})) == [
        {"id": MARA, "rec_name": "Mara Quinn", "full_name": "Mara Quinn"}
    ]
    for name, label in ((MECHANISM, "rec_name"), (ADDRESS, "rec_name"), (ADDRESS, "full_address")):
        (row,) = flawless(wire.call(protocol, f"model.{name}.read", [1], [label, "party.rec_name"], {}))
        assert row == {"id": 1, "party.": {"id": MARA, "rec_name": "Mara Quinn"}}


def test_a_form_shows_no_hidden_value(lane: Lane) -> None:
    """A form that leaves a value out has it computed from the stored one; what comes of it is judged again."""
    wire = lane.wire("mailer")
    form = f"model.{MECHANISM}.on_change"
    for given in ({"id": 1, "type": "email"}, {"id": 1, "type": "skype"}, {"id": 1}):
        assert PHONE not in repr(wire.call("json", form, given, ["value"], {}))
        assert PHONE not in repr(wire.call("json", f"{form}_with", given, ["url"], {}))
    told = lane.wire("helpdesk").call("json", f"model.{IDENTIFIER}.on_change_with", {"id": 1}, ["code"], {})
    assert told.fault is not None
    assert told.fault.startswith(NOT_GRANTED)


# ---- writes ------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("client", "method", "params"),
    [
        ("helpdesk", f"model.{MECHANISM}.write", [[1], {"value": "*** *** 67"}]),
        # in the company of an honest one
        (
            "helpdesk",
            f"model.{MECHANISM}.write",
            [[2], {"value": "m@example.org"}, [1], {"value": "*** *** 67"}],
        ),
        # inside another record
        (
            "helpdesk",
            f"model.{PARTY}.write",
            [[MARA], {"contact_mechanisms": [["write", [1], {"value": "*** *** 67"}]]}],
        ),
        (
            "helpdesk",
            f"model.{MECHANISM}.create",
            [[{"party": MARA, "type": "phone", "value": "*** *** 67"}]],
        ),
        # whatever it is now called
        ("helpdesk_leads", f"model.{MECHANISM}.write", [[1], {"type": "phone", "value": "*** *** 67"}]),
        ("helpdesk_leads", f"model.{MECHANISM}.write", [[1], {"type": "other", "value": "*** *** 67"}]),
    ],
)
def test_a_mask_never_overwrites_the_truth(
    lane: Lane, protocol: Protocol, client: str, method: str, params: list[Any]
) -> None:
    """A masked value that comes back is refused wherever it stands, and nothing of the write is carried out."""
    before = lane.truth(f"model.{MECHANISM}.search_read", [], 0, None, None, ["value", "party"], {})
    told = lane.wire(client).call(protocol, method, *params, {})
    assert told.fault is not None
    assert told.fault.startswith(MASKED)
    assert lane.truth(f"model.{MECHANISM}.search_read", [], 0, None, None, ["value", "party"], {}) == before


@BOTH
@pytest.mark.parametrize("kind", ["email", "website", "other"])
def test_no_value_is_shown_under_another_name(lane: Lane, protocol: Protocol, kind: str) -> None:
    """An agent sees the ending of a number and nothing of a SIP address, and can call neither otherwise."""
    (hidden,) = lane.truth(
        f"model.{MECHANISM}.create", [{"party": JONAS, "type": "sip", "value": "sip-canary@example.org"}], {}
    )
    wire, read = lane.wire("helpdesk"), ["type", "value"]
    shown = flawless(wire.call(protocol, f"model.{MECHANISM}.read", [1, hidden], read, {}))
    assert [row.get("value") for row in shown] == ["*** *** 67", None]
    for number in (1, hidden):
        for method, params in (
            (f"model.{MECHANISM}.write", [[number], {"type": kind}]),
            (
                f"model.{PARTY}.write",
                [[JONAS], {"contact_mechanisms": [["write", [number], {"type": kind}]]}],
            ),
        ):
            told = wire.call(protocol, method, *params, {})
            assert told.fault is not None
            assert told.fault.startswith(NOT_WRITABLE)
    assert flawless(wire.call(protocol, f"model.{MECHANISM}.read", [1, hidden], read, {})) == shown
    lane.truth(f"model.{MECHANISM}.delete", [hidden], {})


@pytest.mark.parametrize(
    ("method", "params", "text"),
    [
        (f"model.{PARTY}.write", [[MARA], {"name": "x"}], NOT_WRITABLE),
        (f"model.{PARTY}.create", [[{"name": "x"}]], NOT_WRITABLE),
        (f"model.{PARTY}.delete", [[MARA]], NOT_GRANTED),
        (f"model.{IDENTIFIER}.write", [[1], {"code": "x"}], NOT_WRITABLE),
        # what is done to other objects inside a write that is allowed
        (f"model.{PARTY}.write", [[MARA], {"contact_mechanisms": [["delete", [1]]]}], NOT_GRANTED),
        (f"model.{PARTY}.write", [[MARA], {"identifiers": [["create", [{"code": "x"}]]]}], NOT_WRITABLE),
        (f"model.{MECHANISM}.write", [[1], {"party": JONAS, "comment": "x"}], NOT_WRITABLE),
        (f"model.{PARTY}.copy", [[MARA]], UNDECLARED),
        (f"model.{PARTY}.export_data", [[MARA], ["name"]], UNDECLARED),
        ("model.res.user.read", [[1], ["password_hash"]], NOT_GRANTED),
        ("model.res.user.write", [[1], {"password": "x"}], NOT_WRITABLE),
        ("model.ir.model.read", [[1], ["name"]], UNDECLARED),
        ("wizard.party.replace.create", [], UNDECLARED),
        ("report.party.label.execute", [[MARA], {}], UNDECLARED),
    ],
)
def test_what_is_not_granted_is_not_done(lane: Lane, method: str, params: list[Any], text: str) -> None:
    """Each is refused in both protocols with the same words, and Tryton is never asked."""
    wire = lane.wire("helpdesk")
    for protocol in ("xml", "json"):
        told = wire.call(protocol, method, *params, {})
        assert told.fault is not None
        assert told.fault.startswith(text)
        assert [entry["kind"] for entry in lane.told_of(told.decision)] == ["declined"]


def test_the_privacy_office_corrects_and_deletes(lane: Lane) -> None:
    """What a role may write goes through as it is, in either protocol."""
    wire = lane.wire("privacy_desk")
    assert flawless(wire.call("json", f"model.{PARTY}.write", [4], {"name": "Acme & Söhne <GmbH>"}, {})) is None
    assert lane.truth(f"model.{PARTY}.read", [4], ["name"], {}) == [{"id": 4, "name": "Acme & Söhne <GmbH>"}]
    assert flawless(wire.call("xml", f"model.{PARTY}.delete", [4], {})) is None
    assert lane.truth(f"model.{PARTY}.search", [["id", "=", 4]], 0, None, None, {}) == []


@BOTH
def test_tryton_s_own_words_do_not_come_through(lane: Lane, protocol: Protocol) -> None:
    """An error names the record it is about; the client gets the kind of error and a sentence of ours."""
    told = lane.wire("privacy_desk").call(protocol, f"model.{PARTY}.write", [AIKO], {"name": "x"}, {})
    assert told.fault == "Tryton does not accept this request."


# ---- round the lane's edges --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "media", "status"),
    [
        ("/other/rpc/", b'{"id": 1, "method": "system.listMethods", "params": []}', "application/json", 200),
        ("/crm/session/login", b"{}", "application/json", 200),
        ("/crm/rpc/", b"[]", "application/json", 400),
        ("/crm/rpc/", b'{"id": 1, "id": 2, "method": "x", "params": []}', "application/json", 400),
        ("/crm/rpc/", b"<?xml version='1.0'?><!DOCTYPE x><methodCall/>", "text/xml", 400),
        ("/crm/rpc/", b'{"id": 1, "method": "x", "params": []}', "text/plain", 415),
        ("/crm/rpc/", b"", "application/json", 400),
    ],
)
def test_what_is_no_call_of_this_lane_is_refused(
    lane: Lane, path: str, body: bytes, media: str, status: int
) -> None:
    """Other databases, other interfaces and bodies that are no call; a refusal by policy is a fault in a 200."""
    found, content, decision = lane.wire("helpdesk").post(body, media, path)
    assert found == status
    assert b"(decision " + decision.encode() + b")" in content
    assert [entry["kind"] for entry in lane.told_of(decision)] == ["declined"]


def test_the_address_without_a_database_reaches_no_record(lane: Lane) -> None:
    """It is declared for the server's version; Tryton has no records there."""
    wire = lane.wire("helpdesk")
    call = b'{"id": 1, "method": "model.party.party.read", "params": [[1], ["name"], {}]}'
    _, content, _ = wire.post(call, "application/json", "/rpc/")
    assert b"Mara" not in content
    call = b'{"id": 1, "method": "common.server.version", "params": []}'
    status, content, _ = wire.post(call, "application/json", "/rpc/")
    assert (status, b'"8.2' in content) == (200, True)


def test_a_purpose_of_somebody_else_s_is_no_way_in(lane: Lane) -> None:
    """A purpose decides only for clients that are registered for it; the marketer's own stays in force."""
    wire = lane.wire("mailer", "subject_request")
    assert flawless(wire.call("json", f"model.{PARTY}.read", [MARA], ["name", "phone"], {})) == [
        {"id": MARA, "name": "Mara Quinn"}
    ]


def test_methods_are_listed_as_far_as_they_can_be_called(lane: Lane) -> None:
    """proteus offers what the server lists, so the list is the lane's."""
    names = flawless(lane.wire("helpdesk").call("json", "system.listMethods"))
    assert f"model.{PARTY}.read" in names
    assert not [
        name for name in names if ".copy" in name or "export" in name or name.startswith(("wizard", "report"))
    ]


# ---- the ledger --------------------------------------------------------------------------------------------


def test_the_ledger_tells_who_was_shown_what_of_whom(lane: Lane) -> None:
    """An intent and a disclosure, with fields and effects by name and the people as pseudonyms."""
    told = lane.wire("helpdesk").call(
        "json",
        f"model.{PARTY}.read",
        [MARA],
        ["name", "phone", "contact_mechanisms.comment", "identifiers.code"],
        {},
    )
    requested, disclosed = lane.told_of(told.decision)
    assert (requested["kind"], requested["client"], requested["purpose"]) == (
        "requested",
        "helpdesk",
        "customer_support",
    )
    assert requested["operations"] == ["read party.party"]
    assert "read party.identifier.code" in requested["fields"]
    assert disclosed["kind"] == "disclosed"
    assert {"allow party.party.name", "mask party.party.phone", "deny party.identifier.code"} <= set(
        disclosed["fields"]
    )
    assert "redact party.contact_mechanism.comment" in disclosed["fields"]
    assert len(disclosed["subjects"]) == 1
    assert disclosed["subjects"] == requested["records"]


def test_what_went_with_a_denied_link_is_not_put_down_as_disclosed(lane: Lane) -> None:
    """A marketer may not see the language, so its record is neither in the answer nor in the ledger."""
    flawless(lane.wire("privacy_desk").call("json", f"model.{PARTY}.write", [MARA], {"lang": 1}, {}))
    told = lane.wire("mailer").call("json", f"model.{PARTY}.read", [MARA], ["name", "lang.name"], {})
    assert flawless(told) == [{"id": MARA, "name": "Mara Quinn"}]
    disclosed = lane.told_of(told.decision)[-1]
    assert disclosed["records"] == 1
    assert [line for line in disclosed["fields"] if "ir.lang" in line] == []


def test_no_value_is_written_down_anywhere(lane: Lane) -> None:
    """After all of the above: ledger, log and metrics hold names, counts and pseudonyms, and no value."""
    lane.wire("privacy_desk").call("xml", f"model.{PARTY}.search_read", [], 0, None, None, EVERYTHING[PARTY], {})
    lane.wire("helpdesk").call(
        "xml", f"model.{PARTY}.search", [["identifiers.code", "=", PASSPORT]], 0, None, None, {}
    )
    written = repr(lane.entries()) + lane.run.log.read_text("utf-8") + lane.metrics()
    assert {"requested", "declined", "disclosed"} <= {entry["kind"] for entry in lane.entries()}
    assert [canary for canary in CANARIES if canary.lower() in written.lower()] == []
