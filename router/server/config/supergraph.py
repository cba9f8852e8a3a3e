"""Where the supergraph comes from, if not from a file."""

from pydantic import Field

from router.server.config.sections import HeaderName, HeaderValue, Seconds, Section

__all__ = ["SupergraphConfig"]


class SupergraphConfig(Section):
    """A supergraph that is served from a URL: asked for again and again, with the ETag of what is there."""

    poll_interval_s: Seconds = Field(default=10.0, description="How often a URL is asked for changes.")
    timeout_s: Seconds = Field(default=10.0, description="How long one answer of the URL may take.")
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict, description="Sent to the URL, such as an `authorization`."
    )
    max_bytes: int = Field(default=64_000_000, gt=0, description="Size of an answer of the URL.")
