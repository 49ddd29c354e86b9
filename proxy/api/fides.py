"""Webhooks of Fides: a privacy request there becomes a case here, and Fides is called back when it can go on.

What Fides sends is its `SecondPartyRequestFormat`, with the paths to call back and a token for them in its
header fields; what it reads of the answer is `halt`. A webhook before execution (`pre`) halts the request there
until the person is erased here. One before approval (`pre_approval`) tells it whether the request can be
approved. What is not about erasing is answered without a case.
"""

from typing import Final

from proxy.api.shapes_foreign import FidesAnswer, FidesWebhook
from proxy.api.words import Amiss, Answer, Call, Given, Route, said
from proxy.erasure import Origin
from proxy.erasure.foreign import DONE, plain_path

REPLY: Final = {"pre": "reply-to", "pre_approval": "reply-to-eligible"}
"""Header field with the path that is called when the request can go on."""
NOT_ELIGIBLE: Final = "reply-to-not-eligible"
TOKEN: Final = "reply-to-token"  # noqa: S105 - the name of a header field


async def _webhook(given: Given, call: Call) -> Answer:
    body: FidesWebhook = call.body
    if given.settings.fides is None:
        raise Amiss(404, "Fides is not configured here: `erasure.api.fides`")
    if body.policy_action != "erasure" or body.callback_type == "post":
        return said({"derived_identity": None, "halt": False})
    told = await given.erasures.do({
        "do": "open", "values": _values(body), "ground": given.settings.ground, "identity": "account",
        "by": call.caller.id, "principal": call.caller.principal, "source": "request",
        "origin": _origin(body, call),
    })  # fmt: skip
    done = told["state"] in DONE
    return said({"derived_identity": None, "halt": body.direction == "two_way" and not done})


def _values(body: FidesWebhook) -> list[tuple[str, str]]:
    named = (
        ("email", body.identity.email),
        ("phone", body.identity.phone_number),
        ("id", body.identity.external_id),
    )
    found = [(kind, value) for kind, value in named if value]
    if not found:
        raise Amiss(422, "identity: there is no email, phone_number or external_id to look for")
    return found


def _origin(body: FidesWebhook, call: Call) -> Origin:
    """Return whose request it is, with where to call back: paths only, below the server in the configuration."""
    fields = call.request.headers
    yes, no = fields.one(REPLY[body.callback_type]) or "", fields.one(NOT_ELIGIBLE) or ""
    if any(path and not plain_path(path) for path in (yes, no)):
        raise Amiss(422, "a path to call back begins with one slash and has no `..`, query, space or %")
    if (no and not yes) or (body.callback_type == "pre_approval" and yes and not no):
        raise Amiss(422, "before approval both paths are needed, and before execution the one to go on")
    paths = [yes, no]
    request = f"{body.callback_type}:{body.privacy_request_id}"
    return Origin("fides", call.caller.id, request, " ".join(filter(None, paths)), fields.one(TOKEN) or "")


ROUTES: Final = (
    Route(
        "POST", "/fides/webhook", "fidesWebhook", "A webhook of Fides, before approval or before execution.",
        "requester", _webhook, FidesAnswer, 200, FidesWebhook,
    ),
)  # fmt: skip
