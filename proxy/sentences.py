"""What a refused client is told: one constant sentence per reason, something a person can act on.

The sentence says the stage and what to ask for. It never says which rule or value, nor which field, unless the
client itself wrote it: a hidden field and a field that does not exist must read the same (threats IO-01, V5).
"""

from typing import Final

ASK = "Ask your privacy team, quoting the decision id."

SENTENCES: Final[dict[str, str]] = {
    "not_granted": f"Your role and purpose do not allow this. {ASK}",
    "field_not_queryable": (
        "This request filters, sorts or groups by a field that your role and purpose may not use that way. "
        f"Leave that field out of the query. {ASK}"
    ),
    "field_not_writable": f"This request writes a field that your role and purpose may not change. {ASK}",
    "group_too_small": f"What this counts is too few to be told for your role and purpose. {ASK}",
    "group_uncounted": (
        "What is computed has to come with a count of the records behind it, of the same object and without "
        "joins. Add such a count to the query."
    ),
    "nothing_released": f"Nothing in this record may be shown for your role and purpose. {ASK}",
    "masked_value_written": (
        "A value in this write looks like one that was masked on the way out. Writing it would destroy the "
        "real value, so nothing was changed. Leave masked fields out of updates."
    ),
    "invalid_value_written": (
        "A value in this write is not what its field is for: no such e-mail address, phone number, date, postal "
        "code or number can exist. Nothing was changed. Correct the value, or leave the field empty."
    ),
    "protected_not_comparable": (
        "This request sorts or groups by a protected field, looks for a part of it, or compares it by more or "
        "less. The CRM does not have its values; only equality with a whole value can be asked."
    ),
    "protected_too_many": (
        "More records than one query can name have this value of a protected field. Add a value that fewer have."
    ),
    "protected_key_shared": (
        "This request names a record by a protected value that several records have, or may have while the "
        "field is taken out of protection. Search for them, and name the one that is meant by its id."
    ),
    "protected_upsert": (
        "This request makes a record if none has a value of a protected field. Search for the record first, "
        "then change it by its id, or create it."
    ),
    "protected_value_moved": (
        "A value in this write stands for a value of another record or field. Nothing was changed. Write the "
        "value itself, or leave the field out."
    ),
    "protected_value_unknown": (
        "A value in this write looks like one that stands for a protected value, and stands for none that can "
        "be found. Nothing was changed. Write the value itself, or leave the field out."
    ),
    "protected_value_too_long": (
        "A value in this write is too long for its field in the form in which it is protected. Nothing was "
        "changed."
    ),
    "protected_value_not_digits": (
        "A value in this write is no number of six digits or more, with nothing but spaces and signs between "
        "them, and its field is protected as such. Nothing was changed."
    ),
    "protected_value_not_text": (
        "A protected field takes text; this write has something else. Nothing was changed."
    ),
    "protected_value_shared": (
        "This write gives one value of a protected field to several records. Each has to be protected by "
        "itself: write them one by one. Nothing was changed."
    ),
    "protected_kind_unknown": (
        "This write changes a value without saying what kind of value it is, and some kinds are protected. Send "
        "the kind with it. Nothing was changed."
    ),
    "protected_record_unknown": (
        "This write changes a protected field of a record that it does not name by its id. Nothing was changed."
    ),
    "purpose_required": "Say what the data is for: send a purpose that your client is registered for.",
    "purpose_not_registered": "Your client is not registered for the purpose it sent, and has no other.",
    "no_role": f"Your token gives you no role that this client may use. {ASK}",
    "credential_in_url": (
        "A credential in a URL has been written down on its way here, and is not accepted. Send it in the "
        "header Authorization or X-Lychgate-Key, and have this one replaced."
    ),
    "person_restricted": (
        f"This request is about somebody whose data may not be read or changed at the moment. {ASK}"
    ),
    "person_quarantined": (
        "This would store somebody who was erased or is being erased. It was not done; whoever answers for "
        "erasures decides about it. Send it again when you hear that it is allowed."
    ),
    "person_erased": (
        "This would store somebody who was erased or is being erased. That takes a new lawful basis, which "
        f"has to be put on record first. {ASK}"
    ),
    "person_unseen": (
        "This would bring back a record, or put one into another, and it cannot be read who is in it. It may be "
        f"somebody who was erased. {ASK}"
    ),
    "erasure_stale_job": (
        "These results were ordered before somebody was erased, and may be about them. Order them again."
    ),
    "erasure_refused": f"Deleting this is not allowed: it has to be kept for the time being. {ASK}",
    "erasure_mixed": (
        "Some of these deletes open a case for erasure, and others do not. Send them one by one, so that each "
        "gets its own answer."
    ),
    "erasure_unnamed": (
        "Deleting this opens a case for erasure, and the request does not say by id which records it means. "
        "Name them by id."
    ),
    "erasure_rows": (
        "Rows of this job delete records, and in place of a delete a case for erasure is opened. A job cannot "
        "be answered with cases: send these deletes one by one, each with the record's id."
    ),
    "erasure_accepted": (
        "Nothing is deleted yet: a case for erasure is open in place of it, and is done once people have agreed."
    ),
    "erasure_done": "The person was erased in place of this; there is nothing left to show or to change.",
    "principal_frozen": f"This access has been stopped. {ASK}",
    "method_override": "A header or parameter that changes the method is not accepted.",
    "unknown_route": f"This API operation is not declared for this lane. {ASK}",
    "saved_filter": (
        "What a stored filter finds tells the values it compares, so it is refused. Send a query of your own "
        "instead."
    ),
    "search_scope": (
        "A search in all fields looks into fields that nobody has classified. Write IN NAME FIELDS, or EMAIL, "
        "or PHONE, for objects that have such fields."
    ),
    "search_objects": (
        "A search has to say what it returns: RETURNING, with the fields of each object behind its name."
    ),
    "reference": (
        "A reference may only stand for the id of a record that an earlier request inside this one creates, as "
        "a whole value or as the id in a URL."
    ),
    "soap_login": "There is no logging in here: send your Lychgate key as the session id.",
    "soap_call": f"This call is not declared for this lane. {ASK}",
    "foreign_jobs": "Only jobs of your own can be asked for, each by the id that you were given for it.",
    "layouts": "A layout names fields in places that are not read. Ask for the object's describe instead.",
    "file_body": f"The body of a file cannot be judged field by field, so it is not passed on. {ASK}",
    "key_in_large_body": (
        "A body this large is not looked through for a key. Send your key in a header, X-Lychgate-Key."
    ),
    "protected_in_rows": (
        "A field in this request is kept in the CRM in protected form, which exports and imports in rows cannot "
        "read or write. Leave that field out, or use the API for single records."
    ),
    "event_stream": (
        "The CRM answers this with a stream of events that has no end, which is not passed on. "
        "Ask for the records instead."
    ),
    "too_many_records": f"More records in a short time than your client is meant to need. Wait. {ASK}",
    "deadline": "The request took longer than this lane allows.",
}
_BY_STATUS: Final[dict[int, str]] = {
    400: "The request cannot be read exactly, so it was not passed on.",
    401: "No valid Lychgate credential came with the request.",
    403: f"Policy does not allow this request. {ASK}",
    405: "This method is not allowed.",
    413: "The request is larger than this lane allows.",
    415: "The request's media type or coding is not accepted.",
    421: "This lane does not serve that host.",
    422: "A value in this write is not acceptable.",
    429: "Too many requests.",
    431: "The request's head is larger than this lane allows.",
    502: "The CRM's answer could not be made safe, so it was withheld.",
    503: "Lychgate cannot enforce policy at the moment, so nothing was passed on.",
    504: "The CRM did not answer in time.",
}


_OF_CASES: Final = frozenset({"erasure_accepted", "erasure_done"})
_NAMING: Final = frozenset(
    {
        "masked_value_written",
        "invalid_value_written",
        "protected_value_moved",
        "protected_value_unknown",
        "protected_value_too_long",
        "protected_value_not_text",
        "protected_value_shared",
        "protected_kind_unknown",
        "protected_record_unknown",
    }
)
"""Reasons that are about a field which the client itself wrote: naming it tells nothing."""


_MIDWAY: Final = "The upload was broken off at a row. Rows before it may have reached the CRM."
_NOT_YET: Final = (
    "so it was not passed on",
    "so nothing was changed",
    "Nothing was changed. ",
    "so nothing was passed on",
)


def sentence(reason: str, status: int, detail: str = "", *, midway: bool = False) -> str:
    """Return the constant text for a refusal, with the name of the field where the client wrote it; total.

    Args:
        reason: of the refusal.
        status: of the same.
        detail: of the same.
        midway: part of what is refused may have been passed on before.
    """
    text = SENTENCES.get(reason) or _BY_STATUS.get(status) or _BY_STATUS[503]
    if midway:
        text = f"{_MIDWAY} {_without_comfort(text)}"
    word = "field" if reason in _NAMING else "case" if reason in _OF_CASES else ""
    return f"{text} The {word}: {detail}." if detail and word else text


def _without_comfort(text: str) -> str:
    """Return a text without what it says of nothing having happened."""
    for words in _NOT_YET:
        text = text.replace(f", {words}", "").replace(words, "")
    return text
