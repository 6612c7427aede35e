"""What a writer tells of how far it is."""

from __future__ import annotations

from pickle import PickleBuffer

from themis_jupyter.state.pickling import OUT_OF_BAND, Rules, Writer

#: Of a buffer from which on its copying tells of itself.
LARGE = 1 << 22


def test_the_bytes_so_far_count_what_is_in_the_stream_and_what_is_beside_it() -> None:
    told: list[int] = []
    writer = Writer(Rules(), told.append)
    took = writer.write([PickleBuffer(bytearray(LARGE)) for _ in range(3)])
    # Each copy was told when it was made: with those before it, and what the stream had by then.
    assert [done // LARGE for done in told[:3]] == [1, 2, 3]
    assert took == told[-1] == len(writer.data()) + 3 * LARGE
    more = writer.write(b"x" * LARGE)  # in the stream
    assert told == sorted(told)
    assert took + more == told[-1] == len(writer.data()) + 3 * LARGE


def test_small_buffers_are_in_the_stream_and_counted_there() -> None:
    writer = Writer(Rules())
    small, large = OUT_OF_BAND - 1, OUT_OF_BAND
    assert small < writer.write(PickleBuffer(bytearray(small))) < small + 100
    assert large < writer.write(PickleBuffer(bytearray(large))) < large + 100
    assert [len(buffer) for buffer in writer.buffers] == [large]
    assert len(writer.data()) < small + 200
