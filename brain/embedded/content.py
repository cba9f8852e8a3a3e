"""The process of the CMS: the subgraph `content`, and Wagtail's pages for editors."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from brain.cms_settings import CMS
from brain.config import BrainSettings
from brain.embedded.component import Component
from brain.embedded.data_folder import DataFolder
from brain.embedded.process import Launch

__all__ = ["content_component", "content_settings"]

Python = Callable[..., Callable[[], Launch]]


def content_settings(settings: BrainSettings, names: Sequence[str], folder: DataFolder) -> dict[str, Any]:
    """Where it and its files will be, unless the settings say so or the graph has none."""
    if settings.cms_url is not None or CMS not in names:
        return {}
    return {
        "cms_url": f"http://127.0.0.1:{folder.port(CMS)}",
        "media_folder": settings.media_folder or folder.path / "media",
    }


def content_component(
    settings: BrainSettings,
    environment: Mapping[str, str],
    python: Python,
    is_ready: Callable[[str], bool],
    after: tuple[str, ...],
    ready_after: tuple[str, ...],
) -> Component:
    """What Wagtail does, memory and all, is apart from the other contexts.

    Args:
        python: how one of our own modules is started.
        is_ready: whether a URL is answered.
    """
    base = urlsplit(str(settings.cms_url))
    where = ("--host", str(base.hostname), "--port", str(base.port))
    return Component(
        CMS,
        python(environment, "-m", "subgraphs", "serve", "--only", CMS, *where),
        is_ready=lambda _pid: is_ready(f"{settings.subgraph_base(CMS)}/health"),
        after=after,
        ready_after=ready_after,
        address=str(settings.cms_url),
    )
