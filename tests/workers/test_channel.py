"""Messages arrive whole and in order, or the channel ends."""

import asyncio
import socket
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.workers.channel import LARGEST, Channel
from proxy.workers.messages import Append, Done, Told, decode_to_supervisor, encode

MESSAGES = st.one_of(
    st.builds(Done, st.text(max_size=20)),
    st.builds(
        Append,
        st.lists(
            st.dictionaries(
                st.sampled_from(("id", "kind", "records", "fields")),
                st.one_of(
                    st.text(max_size=9), st.integers(0, 2**53 - 1), st.lists(st.text(max_size=5)).map(tuple)
                ),
            ),
            max_size=3,
        ),
    ),
    st.builds(Told, st.just({"exchanges": [(("crm", "released"), [3.0])]})),
)


@given(st.lists(MESSAGES, max_size=5), st.data())
def test_messages_survive_any_cut(messages: list[Any], data: st.DataObject) -> None:
    """However the bytes are cut on their way, the same messages come out."""
    heard: list[Any] = []
    channel = Channel(decode_to_supervisor, heard.append, lambda: None)
    raw = b"".join(len(encode(each)).to_bytes(4, "big") + encode(each) for each in messages)
    while raw:
        size = data.draw(st.integers(1, len(raw)))
        channel.data_received(raw[:size])
        raw = raw[size:]
    assert heard == messages


@pytest.mark.parametrize("raw", [b"\0\0\0\2\xff\xff", (LARGEST + 1).to_bytes(4, "big"), b"\0\0\0\1\xc0"])
async def test_what_is_no_message_ends_the_channel(raw: bytes) -> None:
    """Both ends run the same code: anything else is a defect, and nothing may go on over it."""
    ours, theirs = socket.socketpair()
    lost = asyncio.Event()
    await Channel.over(ours, decode_to_supervisor, lambda _: None, lost.set)
    with theirs:
        theirs.sendall(raw)
        async with asyncio.timeout(10):
            await lost.wait()


async def test_the_end_of_the_other_end_is_told_once() -> None:
    """What was said before it is heard before it."""
    ours, theirs = socket.socketpair()
    told: list[Any] = []
    over = asyncio.Event()

    def lost() -> None:
        told.append("lost")
        over.set()

    channel = await Channel.over(ours, decode_to_supervisor, told.append, lost)
    other = await Channel.over(theirs, decode_to_supervisor, lambda _: None, lambda: None)
    other.say(Done("x"))
    other.close()
    async with asyncio.timeout(10):
        await over.wait()
    channel.say(Done())  # to nobody; nothing happens
    assert told == [Done("x"), "lost"]
