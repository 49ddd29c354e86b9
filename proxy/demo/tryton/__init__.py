"""A real Tryton and its own client, as the demo and the tests use them; `serving` is where it starts.

Its nouns: the *python* that has them installed (`place`), a *server* that runs as long as a block does
(`server`), and `Proteus` (`client`), which has the unmodified proteus client carry out commands and brings
back what it got or raised. `scripts/` holds the two programs that run under Tryton's Python: who is in the
database, and what proteus is told to do.

Nothing here imports Tryton: it is GPL, so it lives in a virtual environment of its own and is spoken to over
sockets and pipes, as any customer's would be.
"""

from proxy.demo.tryton.client import Answer, Proteus
from proxy.demo.tryton.place import NoTryton, cache_folder, tryton_python
from proxy.demo.tryton.server import TrytonServer, serving

__all__ = ["Answer", "NoTryton", "Proteus", "TrytonServer", "cache_folder", "serving", "tryton_python"]
