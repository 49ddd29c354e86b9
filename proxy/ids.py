"""Ids of decisions and cases."""

import secrets
import time


def new_id() -> str:
    """Return a decision id: milliseconds since the epoch and 40 random bits, sortable, lower-case hex."""
    return f"{time.time_ns() // 1_000_000:011x}{secrets.token_hex(5)}"
