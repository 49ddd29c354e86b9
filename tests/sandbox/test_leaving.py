"""What the Odoo sandbox leaves behind, as the original does."""

import json
from typing import Any

from proxy.sandbox import Call, OdooSandbox


def ask(crm: OdooSandbox, model: str, method: str, **given: Any) -> Any:
    """Return what a client is answered by JSON-2."""
    headers = {"Authorization": "Bearer token"}
    answer = crm.answer(Call("POST", f"/json/2/{model}/{method}", "", headers, json.dumps(given).encode()))
    assert answer.status == 200, answer.tree
    return answer.tree


def aoife(crm: OdooSandbox) -> Any:
    """Return her partner."""
    return next(row for row in crm.people() if row["name"] == "Aoife Byrne")


def test_a_change_says_what_the_field_was_unless_it_is_told_not_to() -> None:
    """The old address stands in a value below a message."""
    crm = OdooSandbox("token")
    key = aoife(crm)["id"]
    ask(crm, "res.partner", "write", ids=[key], vals={"email": "new@example.org"})
    quiet = {"tracking_disable": True}
    ask(crm, "res.partner", "write", ids=[key], vals={"email": "newer@example.org"}, context=quiet)
    was = [row["old_value_char"] for row in crm.database.rows["mail.tracking.value"].values()]
    assert was.count("aoife.byrne@example.org") == 2  # one is there from the beginning
    assert "new@example.org" not in was


def test_a_partner_that_goes_leaves_leads_and_what_she_wrote_elsewhere() -> None:
    """Its own messages and files go with it."""
    crm = OdooSandbox("token")
    key = aoife(crm)["id"]
    ask(crm, "res.partner", "unlink", ids=[key])
    left = [row for row in crm.everything() if "aoife" in str(row).casefold()]
    assert {row["table"] for row in left} == {
        *("crm.lead", "mail.message", "mail.tracking.value", "ir.attachment", "mailing.contact")
    }
    files = [row for row in left if row["table"] == "ir.attachment"]
    assert [(row["res_model"], row["name"]) for row in files] == [("crm.lead", "contract Aoife Byrne.pdf")]


def test_the_privacy_tool_keeps_whom_it_was_asked_for() -> None:
    """In clear in its own rows, masked in its log; the records of its lines are removed, the lines are not."""
    crm = OdooSandbox("token")
    wizard = ask(
        crm, "privacy.lookup.wizard", "create", vals_list={"name": "Aoife Byrne", "email": aoife(crm)["email"]}
    )
    ask(crm, "privacy.lookup.wizard", "action_lookup", ids=[wizard])
    lines = crm.database.rows["privacy.lookup.wizard.line"]
    assert {line["res_model"] for line in lines.values()} == {"res.partner", "crm.lead", "mailing.contact"}
    (partner,) = [key for key, line in lines.items() if line["res_model"] == "res.partner"]
    ask(crm, "privacy.lookup.wizard.line", "action_unlink", ids=[partner])
    assert not any(row["name"] == "Aoife Byrne" for row in crm.people())
    assert "Aoife Byrne" in lines[partner]["res_name"]
    (log,) = crm.database.rows["privacy.log"].values()
    assert log["anonymized_name"] == "A**** B****"
