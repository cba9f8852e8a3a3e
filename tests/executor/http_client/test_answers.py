"""Answers in any number of pieces, and answers that are none."""

import gzip
import itertools
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.executor.http_client.answers import (
    MAX_HEAD_BYTES,
    AnswerParser,
    BadAnswer,
    Head,
    KnownHeads,
    TooLarge,
    decoded,
)

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: 1\r\nx: 2 \r\n\r\n"
    b"2;ext=1\r\nhe\r\n003\r\nllo\r\n0\r\nTrailer: t\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + SIZED
EMPTY = b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"
OLD = b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"
OLD_KEPT = b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello"


def seen(parser: AnswerParser) -> tuple[object, ...]:
    return parser.status, dict(parser.headers), b"".join(parser.parts), parser.keeps_alive, parser.is_surplus


def pieces(text: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[start:end] for start, end in itertools.pairwise(places)]


@pytest.mark.parametrize(
    ("text", "status", "body", "keeps_alive"),
    [
        (SIZED, 200, b"hello", True),
        (CHUNKED, 200, b"hello", True),
        (INTERIM, 200, b"hello", True),
        (EMPTY, 204, b"", True),
        (CLOSING, 200, b"hello", False),
        (OLD, 200, b"hello", False),
        (OLD_KEPT, 200, b"hello", True),
    ],
)
def test_complete_answers(text: bytes, status: int, body: bytes, keeps_alive: bool) -> None:
    parser = AnswerParser(100)
    assert parser.feed(text)
    assert (parser.status, b"".join(parser.parts), parser.keeps_alive) == (status, body, keeps_alive)
    assert not parser.is_surplus


def test_headers() -> None:
    parser = AnswerParser(100)
    parser.feed(CHUNKED)
    assert parser.headers == {"transfer-encoding": "chunked", "x": "1, 2"}  # and no trailer


@given(
    st.sampled_from([SIZED, CHUNKED, INTERIM, EMPTY, CLOSING, OLD, OLD_KEPT, SIZED + b"surplus"]),
    st.lists(st.integers(0, 500), max_size=6),
)
def test_any_cutting_gives_the_same(text: bytes, cuts: list[int]) -> None:
    whole = AnswerParser(100)
    assert whole.feed(text)
    parser = AnswerParser(100)
    for _ in range(2 if whole.keeps_alive and not whole.is_surplus else 1):  # twice on one connection
        results = []
        for piece in pieces(text, cuts):
            results.append(parser.feed(piece))
            if results[-1]:
                break
        assert results[-1]
        assert not any(results[:-1])
        assert seen(parser)[:-1] == seen(whole)[:-1]


@given(st.binary(max_size=200), st.lists(st.integers(0, 500), max_size=6))
def test_garbage_ends_in_an_error_or_waits(text: bytes, cuts: list[int]) -> None:
    parser = AnswerParser(100)
    try:
        for piece in pieces(text, cuts):
            if parser.feed(piece):
                break
    except BadAnswer:
        pass


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 200))
def test_answers_with_a_wound(graft: bytes, place: int, length: int) -> None:
    text = CHUNKED[:place] + graft + CHUNKED[place + length :]
    parser = AnswerParser(100)
    try:
        parser.feed(text)
    except (BadAnswer, TooLarge):
        return
    assert len(b"".join(parser.parts)) <= 100


@pytest.mark.parametrize(
    "text",
    [
        b"garbage\r\n\r\n",
        b"\x00\xff" * 50,
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!!\r\n",
        b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        b"HTTP/1.1 200 OK\r\nX y: 1\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
    ],
)
def test_what_is_no_answer(text: bytes) -> None:
    with pytest.raises(BadAnswer):
        AnswerParser(100).feed(text)
    parser = AnswerParser(100)
    with pytest.raises(BadAnswer):  # noqa: PT012
        for byte in text:
            parser.feed(bytes([byte]))


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nX: ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    ],
)
def test_endless_text_beside_the_body_is_cut_off(start: bytes) -> None:
    parser = AnswerParser(10**9)
    parser.feed(start)
    fed = 0
    with pytest.raises(BadAnswer):  # noqa: PT012
        while True:
            parser.feed(b"y" * 1000)
            fed += 1000
    assert fed <= MAX_HEAD_BYTES + 1000


def test_endless_interim_answers_are_cut_off() -> None:
    parser = AnswerParser(10**9)
    with pytest.raises(BadAnswer):  # noqa: PT012
        for _ in range(MAX_HEAD_BYTES):
            parser.feed(b"HTTP/1.1 100 Continue\r\n\r\n")


def test_chunks_of_one_byte_are_no_attack() -> None:
    parser = AnswerParser(10**6)
    parser.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        assert not parser.feed(b"1\r\nx\r\n" * 100)
    assert parser.feed(b"0\r\n\r\n")
    assert sum(map(len, parser.parts)) == 100_000


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" + b"x" * 101,
    ],
)
def test_too_large(text: bytes) -> None:
    with pytest.raises(TooLarge) as raised:
        AnswerParser(100).feed(text)
    assert raised.value.status == 200


def test_what_only_the_end_of_the_connection_ends() -> None:
    parser = AnswerParser(100)
    assert not parser.feed(b"HTTP/1.1 200 OK\r\n\r\nhe")
    assert not parser.feed(b"llo")
    assert parser.end()
    assert seen(parser) == (200, {}, b"hello", False, False)
    for cut_off in (SIZED[:-1], CHUNKED[:-1], SIZED[:10], SIZED[:-6]):
        parser = AnswerParser(100)
        assert not parser.feed(cut_off)
        assert not parser.end()


@pytest.mark.parametrize("surplus", [b"x", b"\r\nx", b"HTTP/1.1 200 OK\r\n", SIZED])
def test_surplus_bytes_spoil_the_connection_and_not_the_answer(surplus: bytes) -> None:
    parser = AnswerParser(100)
    assert parser.feed(SIZED + surplus)
    assert (b"".join(parser.parts), parser.is_surplus) == (b"hello", True)


def test_heads_that_may_be_remembered() -> None:
    def head(text: bytes) -> Head | None:
        parser = AnswerParser(100)
        parser.feed(text)
        return parser.known_head()

    assert head(SIZED) == Head(200, {"content-length": "5"}, 5, True, None)
    timed = SIZED.replace(b"\r\n\r\n", b"\r\nKeep-Alive: max=9, timeout=5\r\n\r\n")
    assert head(timed) == Head(200, {"content-length": "5", "keep-alive": "max=9, timeout=5"}, 5, True, 5)
    assert head(CLOSING) is not None
    assert head(CHUNKED) is None
    assert head(EMPTY) is None


def test_known_heads_are_bounded_and_give_up_where_none_comes_again() -> None:
    known = KnownHeads()
    head = Head(200, {}, 0, True, None)
    known.add(b"x" * (known.max_head_bytes + 1), head)
    assert not known.heads
    for n in range(10 * known.max_heads):
        known.unseen = 0  # as if others were found in between
        known.add(b"%d" % n, head)
        assert len(known.heads) <= known.max_heads
    known.unseen = 0
    for n in range(known.max_unseen + 1):
        known.add(b"again %d" % n, head)
    assert not known.heads
    assert known.pause == known.paused_answers


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"hello", mtime=0)),
        ("X-GZIP", gzip.compress(b"hello", mtime=0)),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello")[2:-4]),
        ("deflate, gzip", gzip.compress(zlib.compress(b"hello"), mtime=0)),
        ("identity", b"hello"),
    ],
)
def test_content_encodings(encoding: str, body: bytes) -> None:
    headers = {"content-encoding": encoding}
    assert decoded(body, headers, 200, 100) == b"hello"
    if encoding != "identity":
        for broken in (body[:-1], body + b"x", b"hello", b""):
            with pytest.raises(BadAnswer):
                decoded(broken, headers, 200, 100)


def test_bombs() -> None:
    with pytest.raises(TooLarge):
        decoded(gzip.compress(bytes(10**7)), {"content-encoding": "gzip"}, 200, 10**5)
    with pytest.raises(BadAnswer, match="compress"):
        decoded(b"", {"content-encoding": "compress"}, 200, 100)
