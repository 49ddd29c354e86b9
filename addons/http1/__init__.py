"""HTTP/1.1 between clients and an upstream: parse strictly, ask the gateway, build anew.

    Conversation  one client's connection: bytes in, exchanges one after the other (`conversation`)
    Exchange      one request and its answer; the only place from which bytes go anywhere (`exchange`)
    Pool          the connections to a lane's upstream, shared by its clients (`pool`)
    Places        the connections of the process, and room for another one (`places`)
    Underway      what the process has under way, and the memory it holds (`underway`)

    readers, heads, bodies, outgoing     bytes <-> values; no I/O, no clock

The story is `exchange.Exchange._judge`. Nothing here knows mitmproxy: the host hands in a client's bytes and
takes the answer's (`Wires`), and another host could. llhttp takes messages apart; what it is lenient about is
refused before (`heads`, `bodies`, `addons.grammar`), and nothing is ever forwarded as it came.
"""

from addons.http1.conversation import Conversation, Wires
from addons.http1.exchange import Lane
from addons.http1.places import Places
from addons.http1.pool import Pool, Resuming
from addons.http1.underway import Underway

__all__ = ["Conversation", "Lane", "Places", "Pool", "Resuming", "Underway", "Wires"]
