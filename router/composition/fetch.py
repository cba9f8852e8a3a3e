"""One request for a schema: bounded in time and size as a whole, and to nobody but who was named.

`urllib`'s own limit is for each step: who sends a byte now and then is waited for without an end.
"""

import socket
import threading
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any

__all__ = ["post"]


def post(url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float, most_bytes: int) -> bytes:
    """What is answered. Redirects are not followed: the headers may hold a credential, and are for `url` alone.

    Args:
        url: of http or https.
        timeout_s: for all of it.
        most_bytes: what is more is cut off.

    Raises:
        TimeoutError: it took longer.
        OSError, http.client.HTTPException: there is no answer, or one that is no 2xx (`urllib.error.HTTPError`).
    """
    watch = _Watch()
    opener = urllib.request.build_opener(_Http(watch), _Https(watch), _Stay())
    request = urllib.request.Request(url, body, dict(headers))  # noqa: S310 - the caller has looked
    timer = threading.Timer(timeout_s, watch.end)
    timer.daemon = True
    timer.start()
    try:
        with opener.open(request, timeout=timeout_s) as response:
            answer: bytes = response.read(most_bytes)
    except Exception as problem:
        if watch.is_over:
            raise TimeoutError(f"no whole answer within {timeout_s:g} s") from problem
        raise
    finally:
        timer.cancel()
    if watch.is_over:
        raise TimeoutError(f"no whole answer within {timeout_s:g} s")
    return answer


class _Watch:
    """Ends the connections of an exchange, whatever these are waiting for."""

    def __init__(self) -> None:
        self.is_over = False
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []

    def add(self, opened: socket.socket) -> None:
        with self._lock:
            if self.is_over:
                opened.close()
                raise TimeoutError
            self._sockets.append(opened)

    def end(self) -> None:
        with self._lock:
            self.is_over = True
            for each in self._sockets:
                with suppress(OSError):  # the other side was faster
                    each.shutdown(socket.SHUT_RDWR)

    def connections(self, kind: type[HTTPConnection]) -> Callable[..., HTTPConnection]:
        """Makes connections of a kind that are watched once they stand; until then their own timeout holds."""
        watch = self

        class Watched(kind):  # type: ignore[misc, valid-type]
            def connect(self) -> None:
                super().connect()
                watch.add(self.sock)

        return Watched


class _Http(urllib.request.HTTPHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._watch.connections(HTTPConnection), req)


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, watch: _Watch) -> None:
        super().__init__()
        self._watch = watch

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._watch.connections(HTTPSConnection), req)


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """The answer that redirects is the answer."""
