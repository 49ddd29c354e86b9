"""What a CRM's API means: from a request to operations on fields, and from an answer to records.

Nouns: a `Connector` is one CRM's API as a YAML file declares it; a `Route` is the one declared operation that
a request means; `Asked` is that request in the CRM's terms, with what to send on; `Opened` is the CRM's
answer with every record found and everything undeclared pruned. The story starts in `load_connector`; per
request it goes `Connector.route` -> `Route.recognise` -> `Asked.open`.

This package decides nothing: it names what is asked and what came back, in the connector's words, for policy
to judge. It does no I/O after load, reads no credential, and never forwards a path, query or body as it came:
what is sent is written anew from what was understood. Whatever it has no word for is refused as a `Gap`.

Who reads a request is a *grammar* (`grammar.py` is the port, `table.py` the list): `record` for routes that
YAML alone describes, `soql` and `hubspot-search` for query languages.

Why declared and closed: an API grows members and operations without telling anyone. A list of what may pass
fails towards silence, a list of what to hide fails towards disclosure. Why grammars in code beside YAML: a
query language has a syntax tree, and half a description of one in YAML would be a worse parser.
"""

from proxy.connectors.asked import Answer, Asked, Faults, Opened, Sealer
from proxy.connectors.connector import Connector
from proxy.connectors.load import load_connector
from proxy.connectors.route import Route

__all__ = ["Answer", "Asked", "Connector", "Faults", "Opened", "Route", "Sealer", "load_connector"]
