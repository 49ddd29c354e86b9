"""Frames are told whole from broken, blank from written."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.ledger import segment

PAYLOADS = st.binary(min_size=1, max_size=60).map(lambda body: b'{"' + body + b"\n")


@given(PAYLOADS, st.binary(max_size=20), st.binary(max_size=20))
def test_a_frame_is_read_back(payload, before, after):
    """What was framed is found where it stands, whatever surrounds it."""
    data = before + segment.frame(payload) + after
    assert segment.payload_at(data, len(before)) == payload


@given(PAYLOADS, st.data())
def test_a_changed_frame_is_not_whole(payload, data):
    """No single changed byte leaves a frame whole, neither in its header nor in its payload."""
    framed = bytearray(segment.frame(payload))
    framed[data.draw(st.integers(0, len(framed) - 1))] ^= data.draw(st.integers(1, 255))
    assert segment.payload_at(bytes(framed), 0) is None


@given(PAYLOADS, st.data())
def test_a_cut_frame_is_not_whole(payload, data):
    """No part of a frame is taken for all of it, followed by nothing or by zeros."""
    framed = segment.frame(payload)
    part = framed[: data.draw(st.integers(0, len(framed) - 1))]
    assert segment.payload_at(part, 0) is None
    assert segment.payload_at(part + bytes(100), 0) is None


@given(st.binary(min_size=1, max_size=80), PAYLOADS)
def test_a_whole_frame_behind_a_broken_one_is_found(rubbish, payload):
    """A durable frame is found behind whatever a damage left."""
    data = b"\xff" * 8 + rubbish + segment.frame(payload) + bytes(32)
    assert segment.frame_after(data, 0) == 8 + len(rubbish)


@given(st.binary(max_size=200))
def test_nothing_is_found_in_rubbish(rubbish):
    """Bytes that nobody framed are no frame."""
    assert segment.frame_after(rubbish, 0) is None


@pytest.mark.parametrize("size", [0, 1, 7, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024])
def test_blank_is_all_zeros(size):
    """One byte that is not zero, the last one, is seen at any size."""
    assert segment.is_blank(bytes(size), 0)
    assert not segment.is_blank(bytes(size) + b"\x01", 0)
    assert segment.is_blank(b"\x01" + bytes(size), 1)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("00000000000000000001.segment", 1),
        ("00000000000000123456.segment", 123456),
        ("1.segment", None),  # too short: would not sort
        ("0000000000000000000x.segment", None),
        ("٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠٠١.segment", None),  # digits, but not ours
        ("00000000000000000001.segment.bak", None),
    ],
)
def test_a_segment_is_known_by_its_name(name, first):
    """A name says with which entry the segment starts, or that it is not a segment."""
    assert segment.first_seq_of(Path(name)) == first
    if first is not None:
        assert segment.path_of(Path(), first) == Path(name)


def test_allocated_space_is_blank_and_writes_land_in_it(tmp_path):
    """After `allocate` the file has its size and is blank; `write` puts bytes where it is told."""
    disk = segment.SystemDisk()
    path = tmp_path / "file"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    try:
        disk.allocate(fd, 10_000)
        assert segment.read(path) == bytes(10_000)
        assert disk.write(fd, memoryview(b"here"), 5_000) == 4
        disk.sync(fd)
    finally:
        os.close(fd)
    assert segment.read(path) == bytes(5_000) + b"here" + bytes(4_996)


def test_every_write_asks_for_durability(tmp_path, monkeypatch):
    """What a killed process cannot show, since the kernel outlives it: each write is synced by its own flag."""
    asked = []
    real = os.pwritev
    monkeypatch.setattr(os, "pwritev", lambda *given: (asked.append(given[3]), real(*given))[1])
    fd = os.open(tmp_path / "file", os.O_RDWR | os.O_CREAT)
    try:
        segment.SystemDisk().write(fd, memoryview(b"x"), 0)
    finally:
        os.close(fd)
    assert asked == [os.RWF_DSYNC]


def test_a_link_is_not_read(tmp_path):
    """Nobody can make the ledger read another file by a symbolic link."""
    (tmp_path / "real").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with pytest.raises(OSError, match="symbolic links"):
        segment.read(tmp_path / "link")
