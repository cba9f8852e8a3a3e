"""Saleor as a subgraph that is not ours: which one a tenant has, what it is sent, and what becomes of its answers.

The rest of the Brain knows its name, and that it gets no context header.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

__all__ = ["NAME", "ROUTER_SETTINGS", "stand_in_settings"]

NAME: Final = "saleor"
"""Of the subgraph."""

ROUTER_SETTINGS: Final[Mapping[str, Any]] = {
    "max_representations": 100,
    "one_type_per_call": True,
    "isolate_failures": 64,
    "nullable_key_fields": ["channel"],  # the tenant's is put in its place
    "expose_errors": True,  # they come here as `brain.saleor.replies` makes them
    # Each tenant has its own: that of one which is down holds up nobody else.
    "traffic": {"retries": {}, "circuit_breaker": {"per_partition": True}},
}
"""What a Saleor can take, as settings of the router."""


def stand_in_settings(port: int) -> dict[str, Any]:
    """The settings with which the demo tenants' shops are in the stand-in, at a port of this machine."""
    base = f"http://127.0.0.1:{port}/{NAME}"
    return {
        "saleor_url": f"{base}/{{tenant}}/graphql/",
        "saleor_schema_url": f"{base}/graphql/",
        "saleor_links_file": Path(__file__).with_name("demo_links.yaml"),
    }
