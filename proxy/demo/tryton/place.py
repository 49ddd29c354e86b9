"""Where Tryton is installed, and where its database is kept between runs."""

import os
from pathlib import Path
from typing import Final

from proxy.errors import LychgateError

VARIABLE: Final = "LYCHGATE_TRYTON_PYTHON"


class NoTryton(LychgateError):
    """There is no Tryton to talk to; the text says how to get one."""


def tryton_python() -> Path:
    """Return the Python of the virtual environment that has trytond and proteus.

    It is the one that LYCHGATE_TRYTON_PYTHON names, else `.venv-tryton/bin/python` in the current folder.

    Raises:
        NoTryton: it is not there.
    """
    named = os.environ.get(VARIABLE)
    # Made absolute, but no link followed: a virtual environment's Python is one, and knows itself by its name.
    python = Path(named or ".venv-tryton/bin/python").absolute()
    if not python.is_file():
        where = f"{VARIABLE} names {named}, which is no file" if named else "there is no .venv-tryton here"
        raise NoTryton(f"a real Tryton is needed, and {where}: run `make tryton`, or set {VARIABLE}")
    return python


def cache_folder() -> Path:
    """Return the folder for the seeded database, in the current one; safe to delete."""
    return Path(".cache", "tryton").absolute()


def environment() -> dict[str, str]:
    """Return ours without what would point Tryton or its Python elsewhere."""
    foreign = ("PYTHON", "TRYTON", "VIRTUAL_ENV", "DB_NAME")
    return {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
