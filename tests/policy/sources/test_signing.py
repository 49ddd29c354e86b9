"""Signatures by ssh keys, and manifests."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import Problems
from proxy.policy.sources.signing import Manifest, manifest_of, read_manifest, sign, verify

HASH = "0" * 64


def test_who_signed_is_told(keys: Any) -> None:
    """The name in the list of signers belongs to the key that signed."""
    dana = keys["dana"]
    signature = sign(b"text", dana.key)
    found = verify(b"text", signature, dana.allowed, namespace="lychgate-policy", what="x")
    assert found == "dana@example.org"


@pytest.mark.parametrize(
    ("data", "namespace", "who"),
    [
        (b"texts", "lychgate-policy", "dana"),  # other bytes
        (b"text", "git", "dana"),  # made for something else
        (b"text", "lychgate-policy", "eve"),  # by somebody who is not listed
    ],
)
def test_any_other_signature_is_refused(keys: Any, data: bytes, namespace: str, who: str) -> None:
    """The bytes, the purpose and the person have to be right."""
    signature = sign(b"text", keys["dana"].key)
    with pytest.raises(Problems, match="LG502"):
        verify(data, signature, keys[who].allowed, namespace=namespace, what="x")


def test_no_list_of_signers_means_nobody(keys: Any, tmp_path: Path) -> None:
    """A missing or empty list accepts nothing."""
    signature = sign(b"text", keys["dana"].key)
    for signers in (tmp_path / "missing", tmp_path):
        with pytest.raises(Problems, match="LG502"):
            verify(b"text", signature, signers, namespace="lychgate-policy", what="x")
    (tmp_path / "empty").write_text("")
    with pytest.raises(Problems, match="LG502"):
        verify(b"text", signature, tmp_path / "empty", namespace="lychgate-policy", what="x")


def test_a_missing_program_accepts_nothing(keys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ssh-keygen there is no verification, so there is no signature."""
    signature = sign(b"text", keys["dana"].key)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Problems, match="not installed"):
        verify(b"text", signature, keys["dana"].allowed, namespace="lychgate-policy", what="x")


NAMES = st.from_regex(r"[a-z0-9][a-z0-9 /._-]{0,20}[a-z0-9]", fullmatch=True)


@given(st.dictionaries(NAMES, st.binary(max_size=10), max_size=5), st.integers(1, 10**12))
def test_a_manifest_is_read_as_it_was_written(files: dict[str, bytes], version: int) -> None:
    """Version and hashes come back, and another content has another manifest."""
    manifest = manifest_of(files, version)
    assert read_manifest(manifest.text(), "x") == manifest
    changed = {name: content + b"." for name, content in files.items()}
    assert (manifest_of(changed, version) == manifest) == (not files)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lychgate manifest 1\n",
        "lychgate manifest 1\nversion 1",  # cut off
        "lychgate manifest 2\nversion 1\n",  # a form nobody knows yet
        "lychgate manifest 1\nversion 0\n",
        "lychgate manifest 1\nversion 01\n",
        "lychgate manifest 1\nversion -1\n",
        f"lychgate manifest 1\nversion 1\n{HASH} a.yaml\n",  # one blank
        f"lychgate manifest 1\nversion 1\n{HASH[1:]}  a.yaml\n",  # short
        f"lychgate manifest 1\nversion 1\n{HASH}  a.yaml\n{HASH}  a.yaml\n",  # twice
        f"lychgate manifest 1\nversion 1\n{HASH}  a.yaml\n\n",  # an empty line
    ],
)
def test_what_is_not_exactly_a_manifest_is_refused(text: str) -> None:
    """A signed text of another form says nothing about files."""
    with pytest.raises(Problems, match="LG503"):
        read_manifest(text, "x")


def test_an_empty_manifest_is_one() -> None:
    """It says that there are no files."""
    assert read_manifest(Manifest(1, {}).text(), "x") == Manifest(1, {})
