"""A real Tryton server, and the unmodified proteus client to talk to it."""

import importlib.util
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PYTHON = ROOT / ".venv-tryton" / "bin" / "python"
"""Tryton's own virtual environment; `make` builds it."""

Proteus = Callable[..., list[dict[str, Any]]]


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tryton() -> Iterator[Any]:
    """A running `TrytonServer`, with a database of its own that ends with the session."""
    assert PYTHON.exists(), "Tryton's virtual environment is missing: make .venv-tryton"
    with _module("tryton_server").serving(PYTHON, ROOT / ".cache" / "tryton") as server:
        yield server


@pytest.fixture(scope="session")
def proteus() -> Proteus:
    """Runs commands of `proteus_client.py` and returns an answer for each."""

    def run(url: str, *commands: list[Any], headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
        options = [f"--header={name}={value}" for name, value in (headers or {}).items()]
        done = subprocess.run(
            [PYTHON, HERE / "proteus_client.py", url, *options],
            input=json.dumps(commands),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        answers: list[dict[str, Any]] = json.loads(done.stdout)
        assert len(answers) == len(commands)
        return answers

    return run
