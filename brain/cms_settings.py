"""Settings of the way to the CMS."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

__all__ = ["CMS", "CmsFields"]

CMS = "content"
"""The subgraph that is in the same process as the CMS."""


def _read_by(*names: str) -> dict[str, Any]:
    return {"x-read-by": list(names)}


class CmsFields(BaseModel):
    """Part of `BrainSettings`."""

    cms_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+/?$",
        description=(
            "The content process as the Brain reaches it, `http://127.0.0.1:8004`: its pages for editors are shown at "
            "`/cms/`. If missing: where the subgraph `content` is."
        ),
        json_schema_extra=_read_by("up", "brain"),
    )
    media_folder: Path | None = Field(
        None,
        description=(
            "Files of images and documents, a folder in it for each tenant. All processes of the CMS need the same."
        ),
        json_schema_extra=_read_by("up", "subgraphs"),
    )
    cms_max_body_bytes: int = Field(
        25_000_000,
        ge=1,
        description="The largest form or file that is sent on to the CMS.",
        json_schema_extra=_read_by("brain"),
    )
    cms_timeout_s: float = Field(
        60,
        gt=0,
        description="How long, in seconds, the CMS may take to answer, and either side to go on.",
        json_schema_extra=_read_by("brain"),
    )
