"""What all sections of the settings are made of."""

from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from router.graph.urls import url_problem

__all__ = ["HeaderName", "HeaderValue", "HttpUrl", "Misplaced", "Seconds", "Section", "UrlPath"]

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


def http_url(url: str) -> str:
    problem = url_problem(url)
    if problem is not None:
        raise ValueError(f"{shown(url)} is no URL to send requests to: {problem}")
    return url


def shown(url: str) -> str:
    """A URL for messages, without what may be a password."""
    scheme, _, rest = url.rpartition("://")
    return repr(f"{scheme}://...@{rest.rpartition('@')[2]}" if "@" in rest else url)


HeaderName = Annotated[str, AfterValidator(header_name)]
HeaderValue = Annotated[str, AfterValidator(header_value)]
UrlPath = Annotated[str, AfterValidator(url_path)]
HttpUrl = Annotated[str, AfterValidator(http_url), Field(json_schema_extra={"pattern": r"^https?://[^\s]+$"})]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Misplaced(ValueError):
    """What several settings say together is wrong.

    Attributes:
        place: of the setting to be changed, below the section that found it.
    """

    def __init__(self, place: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.place = place


class Section(BaseModel):
    """A part of the configuration: immutable, unknown names forbidden."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def numbers_are_no_truth_values(cls, value: Any, info: ValidationInfo) -> Any:
        if isinstance(value, bool):
            assert info.field_name is not None
            kinds = _kinds(cls.model_fields[info.field_name].annotation)
            if bool not in kinds and not kinds.isdisjoint((int, float)):
                raise ValueError(f"it must be a number, not {str(value).lower()}")
        return value


def _kinds(annotation: Any) -> set[Any]:
    """What a setting may be."""
    return {annotation}.union(*(_kinds(each) for each in get_args(annotation)))
