"""Messages of the decoding process: what is sent arrives, and nothing else gets through."""

import io
import json
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.media import wire

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
MESSAGES = st.lists(
    st.tuples(st.dictionaries(st.text(max_size=8), JSON, max_size=4), st.binary(max_size=200)), max_size=4
)


def written(*messages: tuple[dict[str, Any], bytes]) -> bytes:
    stream = io.BytesIO()
    for head, body in messages:
        wire.send(stream, head, body)
    return stream.getvalue()


@given(MESSAGES)
def test_what_is_sent_arrives_in_order(messages: list[tuple[dict[str, Any], bytes]]) -> None:
    stream = io.BytesIO(written(*messages))
    assert [wire.receive(stream) for _ in messages] == messages
    assert wire.receive(stream) is None


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=4), st.binary(max_size=50), st.data())
def test_a_message_cut_short_is_the_end(head: dict[str, Any], body: bytes, data: st.DataObject) -> None:
    whole = written((head, body))
    part = whole[: data.draw(st.integers(0, len(whole) - 1))]
    assert wire.receive(io.BytesIO(part)) is None


@given(st.binary(max_size=300))
def test_any_bytes_give_a_message_an_end_or_a_value_error(data: bytes) -> None:
    try:
        message = wire.receive(io.BytesIO(data))
    except ValueError:
        return
    assert message is None or isinstance(message[0], dict)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"1", b'"kind"', b"null", b"\xff\xfe", b"[" * 200_000, b'{"a":' * 200_000]
)
def test_nonsense_in_the_head_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (JSON's own errors are among them)
        wire.receive(io.BytesIO(struct.pack("<II", len(text), 0) + text))


@pytest.mark.parametrize("sizes", [(wire.MAX_HEAD + 1, 0), (2, wire.MAX_BODY + 1), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_a_size_beyond_all_limits_is_refused_before_it_is_read(sizes: tuple[int, int]) -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def read(self, size: int = -1, /) -> bytes:
            self.asked += size
            return struct.pack("<II", *sizes)[:size].ljust(size)

    stream = Endless()
    with pytest.raises(ValueError, match="larger than"):
        wire.receive(stream)
    assert stream.asked == 8


def test_the_largest_head_that_is_allowed_is_read() -> None:
    text = json.dumps({"a": "x" * (wire.MAX_HEAD - 9)}).encode()
    assert len(text) == wire.MAX_HEAD
    message = wire.receive(io.BytesIO(struct.pack("<II", len(text), 3) + text + b"abc"))
    assert message is not None
    assert message[1] == b"abc"
