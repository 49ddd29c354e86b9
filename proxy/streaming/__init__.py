"""Bodies of any size, judged row by row as they pass: what `enforce` does to a body, done to pieces of one.

Nouns: a `Download` is an answer in rows on its way to the client, an `Upload` a request in rows on its way to
the CRM. Each takes the pieces as they come and returns what may go on, with the entries that have to be durable
first; both hold a piece and one row, never a body. Who moves the bytes and writes the entries is `Gateway`.

What is decided when: by the columns once, when the head row is there; by the rows where conditions look at them.
What is in nobody's list is not shown and not written, a row of which nothing may be shown is left out, and what
cannot be understood ends the body there: the other end sees it cut off, never ended.

Why not the path of other bodies: that holds a body whole, decides, and writes one entry. An export of a million
people has neither room in memory nor in one entry, and its first rows are on their way when its last are read.
"""

from proxy.streaming.download import WARNED, Download
from proxy.streaming.upload import Upload

__all__ = ["WARNED", "Download", "Upload"]
