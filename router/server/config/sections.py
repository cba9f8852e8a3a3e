"""What all sections of the settings are made of."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

__all__ = ["HeaderName", "HeaderValue", "Seconds", "Section", "UrlPath"]

# Set per request by the engine or meaningful for one connection only: forwarding them would corrupt the subgraph call.
RESERVED_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def header_name(name: str) -> str:
    name = name.lower()
    if not name or any(not (char.isascii() and (char.isalnum() or char in "!#$%&'*+-.^_`|~")) for char in name):
        raise ValueError(f"{name!r} is not a header name")
    if name in RESERVED_HEADERS:
        raise ValueError(f"header {name!r} is set by the router itself")
    return name


def header_value(value: str) -> str:
    if any(ord(char) < 32 or ord(char) > 126 for char in value):
        raise ValueError("a header's value must be printable ASCII")
    return value


def url_path(path: str) -> str:
    if not path.startswith("/") or "?" in path or "#" in path:
        raise ValueError(f"{path!r} is not an absolute URL path")
    return path


HeaderName = Annotated[str, AfterValidator(header_name)]
HeaderValue = Annotated[str, AfterValidator(header_value)]
UrlPath = Annotated[str, AfterValidator(url_path)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Section(BaseModel):
    """A part of the configuration: immutable, unknown names forbidden."""

    model_config = ConfigDict(extra="forbid", frozen=True)
