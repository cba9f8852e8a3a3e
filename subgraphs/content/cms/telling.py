"""Other contexts are told of pages that were published or are no more, whoever did it: API, admin or timer."""

from datetime import UTC, datetime
from typing import Any

from wagtail.models import Page
from wagtail.signals import page_published, page_unpublished

from subgraphs.content.cms import acting
from subgraphs.content.domain.pages import KINDS, public_path
from subgraphs.content.events import PagePublished, PageUnpublished

__all__ = ["connect"]


def connect() -> None:
    """From now on."""
    page_published.connect(_published, dispatch_uid="content.published")
    page_unpublished.connect(_unpublished, dispatch_uid="content.unpublished")


def _published(instance: Any, **_: Any) -> None:
    event = PagePublished(
        page_id=str(instance.pk),
        kind=_kind(instance),
        title=instance.title,
        path=public_path(instance.url_path),
        locale=instance.locale.language_code,
        is_new=instance.first_published_at == instance.last_published_at,
        published_at=instance.last_published_at,
    )
    acting.publish(event)


def _unpublished(instance: Any, **_: Any) -> None:
    event = PageUnpublished(
        page_id=str(instance.pk),
        kind=_kind(instance),
        title=instance.title,
        path=public_path(instance.url_path),
        locale=instance.locale.language_code,
        unpublished_at=datetime.now(UTC),
    )
    acting.publish(event)


def _kind(page: Page) -> str:
    return KINDS[page.specific_class._meta.model_name].value
