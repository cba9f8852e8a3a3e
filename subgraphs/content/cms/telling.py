"""Other contexts are told of pages that were published or are no more, whoever did it: API, admin or timer."""

from datetime import UTC, datetime
from typing import Any

from django.db.models.signals import pre_delete
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
    pre_delete.connect(_deleted, dispatch_uid="content.deleted")


def _published(instance: Any, **_: Any) -> None:
    if not instance.live:  # Wagtail says so, too, of what will be published later
        return
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


def _deleted(sender: type[Any], instance: Any, **_: Any) -> None:
    # Wagtail tells nobody of a live page that is deleted. Its row of all pages' table goes with it: once is enough.
    if sender._meta.model_name in KINDS and sender._meta.app_label == "cms" and instance.live:
        _unpublished(instance)


def _kind(page: Page) -> str:
    return KINDS[page.specific_class._meta.model_name].value
