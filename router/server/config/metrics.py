"""What is counted, and where it can be read."""

from pydantic import Field

from router.server.config.sections import Section, UrlPath

__all__ = ["MetricsConfig"]


class MetricsConfig(Section):
    """Counters and histograms in Prometheus' format."""

    enabled: bool = Field(default=True, description="Count requests, errors, subgraph requests and plans.")
    path: UrlPath | None = Field(
        default="/metrics", description="Where they are served; null if they must not be at this address."
    )
