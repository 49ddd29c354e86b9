"""The connections of one process, and room for another one."""

from collections import Counter
from dataclasses import dataclass, field

from addons.http1.conversation import Conversation
from addons.http1.underway import Underway


@dataclass(slots=True, eq=False)
class Places:
    """Shared by all lanes of one `serve`; lives on its event loop."""

    underway: Underway
    conversations: dict[str, Conversation] = field(default_factory=dict)
    """By the host's id of the client's connection, oldest first."""
    peers: Counter[str] = field(default_factory=Counter)
    """How many connections each address has."""

    def room_for_another(self, peer: str) -> bool:
        """Return whether one more connection may be accepted, having closed an idle one if need be.

        Those that never said anything go first, oldest first: a peer that only opens connections displaces its
        own before anybody else's.
        """
        if self.peers[peer] >= self.underway.limits.connections_per_peer:
            return self._displace(peer)
        return len(self.conversations) < self.underway.limits.connections or self._displace(None)

    def _displace(self, peer: str | None) -> bool:
        idle = [
            (one.heard, key)
            for key, one in self.conversations.items()
            if one.idle and (peer is None or one.peer.address == peer)
        ]
        if not idle:
            return False
        _, key = min(idle, key=lambda pair: pair[0])
        gone = self.conversations[key]
        self.leave(key)
        gone.hang_up()
        return True

    def enter(self, key: str, conversation: Conversation) -> None:
        """Count a connection."""
        self.conversations[key] = conversation
        self.peers[conversation.peer.address] += 1

    def leave(self, key: str) -> None:
        """Count it no longer; once or more often."""
        conversation = self.conversations.pop(key, None)
        if conversation is not None:
            peer = conversation.peer.address
            self.peers[peer] -= 1
            if not self.peers[peer]:
                del self.peers[peer]
