"""Limits on what clients may ask for."""

from pydantic import Field

from router.server.config.cost import CostConfig
from router.server.config.sections import Seconds, Section

__all__ = ["LimitsConfig"]


class LimitsConfig(Section):
    """What one request may ask for. Counts are taken with fragments spread out, for each operation of the document."""

    max_url_bytes: int = Field(default=16_384, gt=0, description="Size of a request's path and query.")
    max_headers: int = Field(default=100, gt=0, description="Header lines of one request.")
    max_header_bytes: int = Field(default=32_768, gt=0, description="Size of all header lines of one request.")
    max_body_bytes: int = Field(default=2_000_000, gt=0, description="Size of a POST body.")
    max_document_bytes: int = Field(default=200_000, gt=0, description="Size of one GraphQL document in UTF-8.")
    max_tokens: int = Field(default=10_000, gt=0, description="Lexical tokens of one document.")
    max_depth: int = Field(default=32, gt=0, description="Levels of nested fields.")
    max_fields: int = Field(default=2_000, gt=0, description="Fields of one operation: its height.")
    max_root_fields: int = Field(default=100, gt=0, description="Fields at the root of one operation.")
    max_aliases: int = Field(default=500, ge=0, description="Aliased fields of one operation.")
    max_directives: int = Field(default=500, ge=0, description="Directives of one operation.")
    max_variables: int = Field(default=200, ge=0, description="Variables that one operation declares.")
    max_variables_items: int = Field(
        default=100_000, gt=0, description="Values in all lists and objects of the variables together."
    )
    max_variables_depth: int = Field(
        default=64, gt=0, le=200, description="Levels of nested lists and objects in the variables."
    )
    max_validation_errors: int = Field(default=20, gt=0, description="Validation errors reported for one document.")
    max_pending_documents: int = Field(
        default=200, gt=0, description="Documents that may wait to be planned; more are refused with status 503."
    )
    planning_timeout_s: Seconds = Field(default=10.0, description="How long a request waits for its plan.")
    head_timeout_s: Seconds = Field(
        default=10.0, description="How long a client of `serve` may take to send a request's URL and headers."
    )
    keep_alive_s: int = Field(
        default=65,
        gt=0,
        description="How long `serve` keeps a connection without requests; longer than load balancers before it do, or "
        "they would meet a closing one. It is read when the server starts.",
    )
    body_timeout_s: Seconds = Field(default=30.0, description="How long a client may take to send its body.")
    send_timeout_s: Seconds = Field(
        default=30.0, description="How long a client of `serve` may take nothing of its answer before it is dropped."
    )
    cost: CostConfig | None = None
    request_timeout_s: Seconds = Field(default=60.0, description="How long a request may take altogether.")
