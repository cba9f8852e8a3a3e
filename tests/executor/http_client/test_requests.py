"""What is written to subgraphs, byte for byte."""

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.executor.http_client.requests import Origin, parse_url


def head_of(url: str, headers: dict[str, str] | None = None, length: int = 0) -> bytes:
    return parse_url(url, ssl.create_default_context())[1].head(headers or {}, length)


def test_a_whole_head() -> None:
    assert head_of("http://a.test/graphql?x=1", {"accept": "*/*", "X-Id": "7"}, 12) == (
        b"POST /graphql?x=1 HTTP/1.1\r\nhost: a.test\r\naccept: */*\r\nX-Id: 7\r\ncontent-length: 12\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("url", "target", "host", "port"),
    [
        ("http://a.test", "/", "a.test", 80),
        ("http://a.test:80/", "/", "a.test", 80),
        ("http://a.test:8080/x", "/x", "a.test:8080", 8080),
        ("https://a.test/x", "/x", "a.test", 443),
        ("https://a.test:80/x", "/x", "a.test:80", 80),
        ("http://[::1]:4001/x", "/x", "[::1]:4001", 4001),
        ("HTTP://A.test/x#part", "/x", "a.test", 80),
        ("http://a.test/a b/ü?q=ü&r=%20", "/a%20b/%C3%BC?q=%C3%BC&r=%20", "a.test", 80),
        ("http://bücher.test/", "/", "xn--bcher-kva.test", 80),
        ("http://a.test/x\r\nx-evil: 1", "/xx-evil:%201", "a.test", 80),
    ],
)
def test_addresses(url: str, target: str, host: str, port: int) -> None:
    origin, line = parse_url(url, ssl.create_default_context())
    assert line.head({}, 0).split(b"\r\n")[:2] == [f"POST {target} HTTP/1.1".encode(), f"host: {host}".encode()]
    assert origin.port == port
    assert (origin.tls is not None) == url.startswith("https")


@pytest.mark.parametrize(
    "url",
    ["", "a.test", "not a url", "ftp://a.test/", "http://", "http:///x", "http://a:1:2/", "http://a:99999/",
     "http://a b/", "http://a\x7f/", "http://[::1/"],
)  # fmt: skip
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  several kinds of them
        parse_url(url, None)


def test_credentials_of_the_url_are_sent_unless_the_call_has_its_own() -> None:
    url = "http://us%40er:p%3Aw@a.test/"
    assert b"\r\nauthorization: Basic dXNAZXI6cDp3\r\n" in head_of(url)
    own = head_of(url, {"Authorization": "Bearer x"})
    assert b"Bearer x" in own
    assert b"Basic" not in own
    assert parse_url(url, None)[0] == Origin("a.test", 80)


def test_a_host_of_the_calls_own_is_the_only_one() -> None:
    for _ in range(2):
        head = head_of("http://a.test/", {"Host": "b.test"})
        assert head.lower().count(b"host:") == 1
        assert b"Host: b.test\r\n" in head


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x", "a\r\nx-evil: 1"), ("x", "a\nb"), ("x", "a\rb"), ("x", "a\0b"), ("x\r\ny", "a"), ("x y", "a"), ("", "a"),
        ("x:", "a"), ("ü", "a"), ("Content-Length", "5"), ("transfer-encoding", "chunked"), ("connection", "close"),
    ],
)  # fmt: skip
def test_headers_that_would_change_the_request_are_refused(name: str, value: str) -> None:
    line = parse_url("http://a.test/", None)[1]
    line.head({"x": "fine"}, 0)
    for _ in range(2):
        with pytest.raises(ValueError, match="header"):
            line.head({name: value}, 0)


def test_characters_beyond_ascii() -> None:
    assert b"x: a\tb caf\xe9\r\n" in head_of("http://a.test/", {"x": "a\tb caf\xe9"})  # as a client's bytes were read
    assert "x: 東京\r\n".encode() in head_of("http://a.test/", {"x": "東京"})


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=12), max_size=4))
def test_no_headers_make_more_lines_than_there_are_headers(headers: dict[str, str]) -> None:
    line = parse_url("http://a.test/", None)[1]
    try:
        head = line.head(headers, 0)
    except ValueError:
        return
    has_host = any(name.lower() == "host" for name in headers)
    assert head.endswith(b"\r\n\r\n")
    assert head.count(b"\r\n") == head.count(b"\n") == head.count(b"\r") == 4 + len(headers) - has_host
    assert b"\0" not in head
