"""Where subgraphs are reached."""

import re
from urllib.parse import urlsplit

__all__ = ["url_problem"]

_UNFIT = re.compile(r"[\s\x00-\x20\x7f]")


def url_problem(url: str) -> str | None:
    """Return what is wrong with the URL of a subgraph, and what to do about it; None if nothing is."""
    if _UNFIT.search(url):
        return "a URL has no spaces or line breaks: write %20 for a space that is meant"
    try:
        parts = urlsplit(url)
        port = 80 if parts.port is None else parts.port
    except ValueError as error:
        return f"it is not a URL ({error})"
    if parts.scheme not in ("http", "https"):
        return "it must begin with http:// or https://"
    if not parts.hostname:
        return "it names no host: write http://host/path"
    if "@" in parts.netloc:
        return "it has a name or password, which logs would show: send them in a header instead (`headers.insert`)"
    if parts.fragment or url.endswith("#"):
        return "it has a fragment (`#`), which is never sent: remove it"
    if not port:
        return "its port must be 1 to 65535"
    return None
