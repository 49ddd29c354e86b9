"""The mitmproxy face of Lychgate: sockets, TLS and HTTP/1.1 framing, and nothing that decides.

The story starts in `master.serve`, which runs lanes until it is told to stop. Its nouns:

    LaneSpec      one listener and its one upstream (`lane`)
    Gateway       who decides; the port towards `proxy.enforce` (`port`)
    Doorway       the only place from which bytes reach a client (`doorway`)
    Mark          how far one exchange has come; refused until proven forwarded (`mark`)
    Enforcement   the hooks: asks the gateway, sets the mark (`enforcement`)
    adapter       the only code that touches a mitmproxy flow

It does not know policies, credentials, connectors or media types, and never undoes a content-coding.

Why so little of mitmproxy is left. It was made to show traffic, and so it fails open: an exception in a hook
is logged and the original message goes out, a script that breaks is dropped, an error page quotes the bytes
that could not be parsed. So the master is built in code with four add-ons and every option frozen
(`lockdown`); an exception anywhere denies (`dispatch`); a flow carries a harmless stand-in as its response
from its first hook on, so that nothing goes to the CRM unless a hook took it away again; and whatever
mitmproxy wants to write to a client is only a signal that an answer is due: `Doorway` writes the bytes that
the gateway returned, or a constant, and drops the rest. Nothing of mitmproxy is patched.

Why not our own HTTP/1.1 engine at once: what mitmproxy's leaves open is listed in README, "Known limits",
and each line has a strict xfail test.
"""
