"""The mitmproxy face of Lychgate: sockets, TLS and HTTP/1.1 framing, and nothing that decides.

The story starts in `master.serve`, which runs lanes until it is told to stop. Its nouns:

    LaneSpec      one listener and its one upstream (`lane`)
    Gateway       who decides; the port towards `proxy.enforce` (`port`)
    Conversation  one client's connection (`http1`)
    Exchange      one request and its answer; the only place from which bytes go anywhere (`http1.exchange`)
    Pool          the connections to a lane's upstream (`http1.pool`)
    Door          the layer that joins a conversation to mitmproxy's connection (`door`)

It does not know policies, credentials, connectors or media types, and never undoes a content-coding.

Why so little of mitmproxy is left. It was made to show traffic, and so it fails open: an exception in a hook
is logged and the original message goes out, a script that breaks is dropped, an error page quotes the bytes
that could not be parsed; and its HTTP engine costs ten times what it does. So it is the host only: it keeps
the modes, accepts connections and takes off the client's TLS. The master is built in code with three add-ons and
every option frozen; its HTTP layers stand on no connection, and none of their hooks would be asked (`lockdown`).
HTTP/1.1 and the connections to the upstream are ours (`http1`). Nothing of mitmproxy is patched.
"""
