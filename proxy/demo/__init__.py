"""Real clients talking through Lychgate, shown side by side; `perform` is where it starts.

Its nouns: an *installation* (`installation`: what `lychgate init` writes, plus keys for three people), the
*processes* (`processes`: sandbox CRMs and `lychgate run`, each a process of its own), *scenes* (one thing
shown, with the expectation that makes it more than a picture) and the *stage* that counts them.

Nothing here is reachable from the engine, and no scene reaches into it: what is shown is what a client gets
over a socket, what an auditor reads with `lychgate audit`, and what Prometheus scrapes.
"""

from proxy.demo.perform import perform

__all__ = ["perform"]
