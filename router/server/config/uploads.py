"""Files that clients send."""

from pydantic import Field

from router.server.config.sections import Seconds, Section

__all__ = ["UploadsConfig"]


class UploadsConfig(Section):
    """Files in multipart requests of mutations, passed on to the subgraph as they come."""

    enabled: bool = False
    scalars: tuple[str, ...] = Field(
        default=("Upload",), min_length=1, description="Types of arguments that are files, and nothing else."
    )
    max_files: int = Field(default=10, gt=0)
    max_file_bytes: int = Field(default=20_000_000, gt=0, description="Size of one file.")
    max_total_bytes: int = Field(default=50_000_000, gt=0, description="Size of all files of a request.")
    timeout_s: Seconds = Field(
        default=300.0, description="How long such a request may take altogether, instead of `request_timeout_s`."
    )
