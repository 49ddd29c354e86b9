"""Kinds of record beside contacts and companies: deals, tickets, and what was said and written to people."""

from typing import Final, NamedTuple

from proxy.sandbox.hubspot.properties import COMPANIES, CONTACTS, Kind, Property

_ALL = (
    Property("hs_object_id", "Record ID", "number", read_only=True),
    Property("createdate", "Create Date", "datetime", read_only=True),
    Property("hs_createdate", "Object create date/time", "datetime", read_only=True),
    Property("hs_lastmodifieddate", "Object last modified date/time", "datetime", read_only=True),
    Property("hubspot_owner_id", "Owner", "enumeration"),
)
_TIME = Property("hs_timestamp", "Activity date", "datetime")


class _Named(NamedTuple):
    """What the API calls one kind, and the id of its first record."""

    name: str
    number: str
    label: str
    first: int


def _kind(named: _Named, listed: tuple[Property, ...], default: tuple[str, ...] = ()) -> Kind:
    """Return a kind that has what all have, searched by every text it has."""
    shown = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id", *default)
    searched = tuple(item.name for item in listed if item.type == "string")
    return Kind(*named, _ALL + listed, shown, searched, "hs_lastmodifieddate")


DEALS: Final = _kind(
    _Named("deals", "0-3", "Deal", 20_001),
    (
        Property("dealname", "Deal Name"),
        Property("amount", "Amount", "number"),
        Property("dealstage", "Deal Stage", "enumeration"),
        Property("pipeline", "Pipeline", "enumeration"),
        Property("closedate", "Close Date", "datetime"),
        Property("dealtype", "Deal Type", "enumeration"),
        Property("description", "Deal Description"),
    ),
    ("amount", "closedate", "createdate", "dealname", "dealstage", "pipeline"),
)
TICKETS: Final = _kind(
    _Named("tickets", "0-5", "Ticket", 30_001),
    (
        Property("subject", "Ticket name"),
        Property("content", "Ticket description"),
        Property("hs_pipeline", "Pipeline", "enumeration"),
        Property("hs_pipeline_stage", "Ticket status", "enumeration"),
        Property("hs_ticket_priority", "Priority", "enumeration"),
        Property("hs_ticket_category", "Category", "enumeration"),
    ),
    ("content", "createdate", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_priority", "subject"),
)
NOTES: Final = _kind(_Named("notes", "0-46", "Note", 40_001), (Property("hs_note_body", "Note body"), _TIME))
CALLS: Final = _kind(
    _Named("calls", "0-48", "Call", 50_001),
    (
        Property("hs_call_title", "Call title"),
        Property("hs_call_body", "Call notes"),
        Property("hs_call_direction", "Call direction", "enumeration"),
        Property("hs_call_from_number", "From number"),
        Property("hs_call_to_number", "To number"),
        _TIME,
    ),
)
EMAILS: Final = _kind(
    _Named("emails", "0-49", "Email", 60_001),
    (
        Property("hs_email_subject", "Email subject"),
        Property("hs_email_text", "Text body"),
        Property("hs_email_html", "HTML body"),
        Property("hs_email_direction", "Direction", "enumeration"),
        Property("hs_email_from_email", "From address"),
        Property("hs_email_to_email", "To address"),
        _TIME,
    ),
)
MEETINGS: Final = _kind(
    _Named("meetings", "0-47", "Meeting", 70_001),
    (
        Property("hs_meeting_title", "Meeting name"),
        Property("hs_meeting_body", "Meeting description"),
        Property("hs_meeting_location", "Meeting location"),
        _TIME,
    ),
)
TASKS: Final = _kind(
    _Named("tasks", "0-27", "Task", 80_001),
    (
        Property("hs_task_subject", "Task title"),
        Property("hs_task_body", "Task notes"),
        Property("hs_task_status", "Task status", "enumeration"),
        Property("hs_task_priority", "Priority", "enumeration"),
        _TIME,
    ),
)
ENGAGEMENTS: Final = (NOTES, CALLS, EMAILS, MEETINGS, TASKS)
"""What happened between the account and a person; it goes with the person when that is forgotten."""
EVERY: Final = (CONTACTS, COMPANIES, DEALS, TICKETS, *ENGAGEMENTS)
KINDS: Final = {
    name: kind for kind in EVERY for name in (kind.name, kind.type_id, kind.label.lower(), kind.label.upper())
}
"""By every name that the API takes for it."""
