"""Where a running proxy's policies come from: a folder, or a revision of a git repository; signed or not.

Nouns: a `Source` can be looked at cheaply (`mark`, to see whether something changed) and opened. What is
`Opened` is a folder that stays as it is while it is read, with the git commit if there is one. The story
starts in `FolderSource.opened` and `GitSource.opened`.

This package does not know what policies mean: whoever opens a source loads them. It never changes a source.

Where a signature is required, one that is missing is as bad as one that is wrong, exactly the bytes that were
verified are handed on, and nothing older than what has been in force once is accepted (PS-03 to PS-05).

Why ssh signatures: every engineer who pushes to a repository has such a key, ssh-keygen is on every machine
that has git, and the list of who may sign is a text file that can be reviewed.
"""

from proxy.policy.sources.folder import FolderSource
from proxy.policy.sources.git import GitSource
from proxy.policy.sources.opened import Opened, Source

__all__ = ["FolderSource", "GitSource", "Opened", "Source"]
