"""Erasures over HTTP: the face that other systems and privacy offices use, on a listener of its own.

Nouns: a `Desk` answers a `Request` with an `Answer`; a `Route` is one row of `routes.ROUTES`: method, path, who
may ask, what is sent and what comes back; the OpenAPI document is made of that table, so that it cannot say
anything else than what is done. Where the story starts: `Desk.answer`.

What it does not do: decide anything about a case. Each route asks `Erasures.do` what the command line asks, so
the two cannot differ: the same states, the same two people, the same refusals. It has no cookies, so no page of
another site can use somebody's session; and it shows nothing of anybody's data: cases have counts, and ids of
their own.

Who may ask is said by the same credentials as on the lanes: an API key, a client certificate or a token.
*Requesters* (roles named in `lychgate.yaml`) open cases and see their own; whoever agrees to erasures by policy
does all the rest. Somebody else's case looks to a requester as one that does not exist.

Two other ways of speaking are understood: webhooks of Fides (`fides.py`), and the Data Rights Protocol 1.0
(`drp.py`), whose agents sign what they send.
"""

from proxy.api.desk import Desk, make_desk
from proxy.api.listener import serve_api
from proxy.api.openapi import document
from proxy.api.routes import ROUTES
from proxy.api.words import Answer

__all__ = ["ROUTES", "Answer", "Desk", "document", "make_desk", "serve_api"]
