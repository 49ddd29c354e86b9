"""The vault that is also tried by itself."""

from tests.vault.conftest import clock, make, vault

__all__ = ["clock", "make", "vault"]
