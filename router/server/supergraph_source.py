"""Where a served supergraph comes from: a file, or a URL that is asked again with the ETag of what is there."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path

from router.errors import InvalidSupergraph
from router.server.config import SupergraphConfig
from router.server.operations import read_sdl

__all__ = ["FileSource", "SupergraphUnavailable", "UrlSource", "source_of"]

_CONDITIONS = {"etag": "if-none-match", "last-modified": "if-modified-since"}


class SupergraphUnavailable(InvalidSupergraph):
    """The supergraph could not be got; what is served already stays."""

    code = "SUPERGRAPH_UNAVAILABLE"


class FileSource:
    """A file; whether it has changed is for `FileWatch` to see."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> str:
        """Return the SDL as it is now.

        Raises:
            InvalidSupergraph: it cannot be read.
        """
        return read_sdl(self.file)


class UrlSource:
    """A URL, `http` or `https`, with redirects followed and proxies as the environment names them.

    Its methods block: call them on a thread of their own.

    Args:
        settings: time-out, size and headers of requests.
    """

    def __init__(self, url: str, settings: SupergraphConfig) -> None:
        self.url = url
        self.settings = settings
        self._conditions: dict[str, str] = {}
        self._text: str | None = None

    def read(self) -> str:
        """Return the SDL as it is now, whatever is known already.

        Raises:
            SupergraphUnavailable: there is none, with the reason.
        """
        text = self._asked({})
        if text is None:
            raise SupergraphUnavailable(f"{self.url}: answered 304 to a request without conditions")
        return text

    def read_if_changed(self) -> str | None:
        """Return the SDL if it is another than what was read last; else None. Raises as `read`."""
        before = self._text
        text = self._asked(self._conditions)
        return None if text == before else text

    def _asked(self, conditions: Mapping[str, str]) -> str | None:
        settings = self.settings
        accept = {"accept": "text/plain, application/graphql, */*;q=0.5"}
        request = urllib.request.Request(self.url, headers={**accept, **settings.headers, **conditions})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=settings.timeout_s) as response:  # noqa: S310 - see `source_of`
                body = response.read(settings.max_bytes + 1)
                found = {
                    condition: response.headers[name]
                    for name, condition in _CONDITIONS.items()
                    if name in response.headers
                }
        except urllib.error.HTTPError as error:
            error.close()
            if error.code == 304:
                return None
            raise SupergraphUnavailable(f"{self.url}: answered with HTTP status {error.code}") from error
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise SupergraphUnavailable(f"{self.url}: {reason or type(error).__name__}") from error
        if len(body) > settings.max_bytes:
            raise SupergraphUnavailable(f"{self.url}: the answer is larger than {settings.max_bytes} bytes")
        try:
            text: str = body.decode()
        except UnicodeDecodeError as error:
            raise SupergraphUnavailable(f"{self.url}: the answer is not UTF-8") from error
        self._conditions, self._text = found, text
        return text


def source_of(supergraph: str, settings: SupergraphConfig) -> FileSource | UrlSource:
    """The source that a command line names: a URL, or else a file."""
    if supergraph.startswith(("http://", "https://")):
        return UrlSource(supergraph, settings)
    return FileSource(Path(supergraph))
