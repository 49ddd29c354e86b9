"""What happened, written down so that it can neither be lost nor quietly changed.

The nouns: an `Entry` (of `proxy.model`) is one thing that happened; the **ledger** is the folder that keeps
entries in order; a **segment** is one file of it; a **frame** is what one commit wrote; the **chain** is
that every entry names the SHA-256 of the one before, so that the **head** (sequence number and hash of the
last entry) vouches for all of them; an **open intent** is a `Requested` whose outcome nobody wrote; the
**tree** is RFC 6962's over the entries' lines; a **checkpoint** is a signed note (C2SP) that says how many
entries there are and what the tree's root is.

Where the story starts: `Ledger.open` (what a restart finds and mends), then `Ledger.append` (one entry,
durable when it returns). `verify.py` reads the same bytes with code of its own, for an auditor.

What it does not do: judge, know HTTP, keep a field's value, repair damage, delete. A chain proves order and
completeness up to a head or checkpoint that somebody else remembers; against the owner of the disk, who can
rewrite all of it and sign it anew, what is remembered elsewhere is the whole protection.

The `Notary` reads behind the writer and publishes checkpoints; `merkle.py` makes roots and proofs out of the
subtrees that `tiles.py` remembers, so that neither reads the ledger again.

On disk: `<first sequence number, 20 digits>.segment`, preallocated, zero after the last frame. A frame is
`length (u32, big-endian) | CRC-32 of length and payload (u32) | payload`; the payload is one or more
entries, each a line of canonical JSON (RFC 8785) ended by a line feed.

Why
    *One frame per commit, not per entry.* The disk may write the pages of one commit in any order before it
    loses power, so an undamaged entry can stand behind a torn one. With a frame per commit the torn thing is
    always exactly the last frame, and anything whole behind a broken frame proves that the broken one had
    been durable: that is damage, not a torn tail, and the ledger refuses to open.
    *CRC-32 of zlib, not CRC-32C.* It only tells torn from whole; tampering is what the chain is for. Nothing
    in our lock file computes CRC-32C, and 0.3 microseconds do not pay for a dependency.
    *Files, not SQLite.* As fast, and a segment can be shipped, kept on write-once storage and read with
    forty lines of any language.
    *No timer in the group commit.* What one turn of the event loop appended is handed over when the turn ends,
    and whatever was handed over while the last commit ran is the next one: no window to tune, and at low load
    no wait. Per entry, waking the writing thread and taking the interpreter from it and back cost more CPU
    than the entry itself.
    *A write that syncs (RWF_DSYNC) instead of write, then fdatasync.* The same promise in one system call:
    the writing thread gives up the interpreter once per commit instead of twice.
"""

from proxy.ledger.appends import Appends
from proxy.ledger.ledger import Ledger
from proxy.ledger.notary import Notary

__all__ = ["Appends", "Ledger", "Notary"]
