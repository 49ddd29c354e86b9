"""The erasures of one installation: opened, agreed to, driven, certified. Wiring, between commands and
`proxy.erase`.

Nouns: `Erasures` does what a command asks, as plain data and with plain data for an answer, so that it is the
same whether the process that runs does it (over its control socket or the HTTP API) or a command does it alone.
Behind it are `Shared`, what all parts have: the tables, the turns, how a case is kept and told of; one part for
each kind of command (`opening`, `agreeing`, `stopping`, `moving`, `afterwards`, `showing`, `sweeping`);
`Unasked`, what goes by itself; and `Erasers`, which makes what carries a case out (`ports`, with `sites`,
`shutting`, `shredding` and `strays`).

Where the story starts: `Erasures.do`, a table of words.

What it does not do: decide what may happen to a case (`proxy.erasure`), carry out a step (`proxy.erase`), or
know who asked in which form (`proxy.cli`, `proxy.api`).
"""

from proxy.erasures.erasures import Erasures

__all__ = ["Erasures"]
