"""Requests sent on to the content process, whose answers are passed back as they come."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import aiohttp
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send
from yarl import URL

from brain.cms.headers import returned

__all__ = ["BodyTooLarge", "CmsProxy", "CmsUnavailable"]

_log = logging.getLogger("brain.cms")

_CONNECT_S = 5.0
_SHARE = 64
"""Requests of one tenant's editors at a time: others' need not wait for them."""
# A server that closes idle connections does so after five seconds or more; a request must not meet that.
_KEEP_ALIVE_S = 2.0
_NO_DEFAULTS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class CmsUnavailable(Exception):
    """The CMS does not answer.

    Attributes:
        status: of the answer to the browser.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BodyTooLarge(Exception):
    """More is sent than may be."""


class CmsProxy:
    """A pool of connections to the content process; `start` in the event loop that uses it, `close` at the end.

    Args:
        url: where the process is; its pages are at `/cms/` there, as they are here.
        max_body_bytes: of a request.
        timeout_s: for the answer's head, and between two parts of its body, or of the request's.
    """

    def __init__(self, url: str, *, max_body_bytes: int, timeout_s: float) -> None:
        self._base = url.rstrip("/")
        self._upstream = urlsplit(url).netloc
        self._max_body_bytes = max_body_bytes
        self.timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._under_way: Counter[str] = Counter()

    async def start(self) -> None:
        """Open the pool."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=self.timeout_s),
            trust_env=False,
            auto_decompress=False,
            skip_auto_headers=_NO_DEFAULTS,
        )

    async def close(self) -> None:
        """Close the pool; what is under way fails."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def pass_on(
        self, request: Request, headers: list[tuple[str, str]], *, share: str, path: str
    ) -> StreamingResponse:
        """The answer to a request, its body still on the way.

        Args:
            headers: all that is sent.
            share: of whose share of requests at a time it is: a tenant's editors', or what everybody may have.
            path: below it are the CMS's cookies.

        Raises:
            BodyTooLarge: the request's.
            CmsUnavailable: there is no answer, or too many are on the way.
        """
        assert self._session is not None, "not started"
        if int(request.headers.get("content-length") or 0) > self._max_body_bytes:
            raise BodyTooLarge
        if self._under_way[share] >= _SHARE:
            raise CmsUnavailable(503, "Too much is under way. Try again in a moment.")
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        body = _Body(request, self._max_body_bytes, self.timeout_s) if has_body else None
        target = self._base + request.scope["raw_path"].decode("latin-1")
        query = request.scope["query_string"].decode("latin-1")
        self._under_way[share] += 1
        try:
            answer = await self._session.request(
                request.method,
                URL(f"{target}?{query}" if query else target, encoded=True),
                headers=headers,
                data=None if body is None else body.chunks(),
                allow_redirects=False,
            )
        except BaseException as error:
            self._left(share)
            if body is not None and body.is_too_large:
                raise BodyTooLarge from error
            if isinstance(error, TimeoutError):
                raise CmsUnavailable(504, "The CMS does not answer in time.") from error
            if isinstance(error, aiohttp.ClientError | OSError | ValueError):
                _log.warning("the CMS cannot be reached: %s", error or type(error).__name__)
                raise CmsUnavailable(502, "The CMS does not answer right now.") from error
            raise
        passed = returned(
            answer.raw_headers,
            scheme=request.url.scheme,
            host=request.headers.get("host", ""),
            upstream=self._upstream,
            path=path,
        )
        return _Passed(answer, passed, lambda: self._left(share))

    def _left(self, share: str) -> None:
        self._under_way[share] -= 1
        if not self._under_way[share]:
            del self._under_way[share]


class _Body:
    """A request's body as it comes, as long as it is not too large."""

    def __init__(self, request: Request, max_bytes: int, pause_s: float) -> None:
        self._request = request
        self._max_bytes = max_bytes
        self._pause_s = pause_s
        self.is_too_large = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """What is sent on; it breaks off what is too large, or makes one wait too long."""
        sent = 0
        stream = aiter(self._request.stream())
        while True:
            try:
                async with asyncio.timeout(self._pause_s):
                    chunk = await anext(stream)
            except StopAsyncIteration:
                return
            sent += len(chunk)
            if sent > self._max_bytes:
                self.is_too_large = True
                raise BodyTooLarge
            if chunk:
                yield chunk


class _Passed(StreamingResponse):
    """An answer of the CMS; its connection is given back however this ends."""

    def __init__(
        self, answer: aiohttp.ClientResponse, headers: list[tuple[bytes, bytes]], left: Callable[[], None]
    ) -> None:
        super().__init__(answer.content.iter_any(), answer.status)
        self.raw_headers = headers
        self._answer = answer
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # Releases the connection if all was read, and closes it if not.
            if not self._answer.content.at_eof():
                self._answer.close()
            self._answer.release()
            self._left()
