"""Other contexts are told of pages that were published or are no more, whoever did it: API, admin or timer. Wagtail
unpublishes what is deleted, too."""

from datetime import UTC, datetime
from typing import Any, Final

from wagtail.contrib.redirects.models import Redirect
from wagtail.models import Page, Site
from wagtail.signals import page_published, page_slug_changed, page_unpublished, post_page_move

from subgraphs.content.cms import acting
from subgraphs.content.domain.pages import KINDS, public_path
from subgraphs.content.events import PagePublished, PageUnpublished

__all__ = ["connect"]

_MOST: Final = 1000
_LONGEST_PATH: Final = 255  # of a redirect, in its table


def connect() -> None:
    """From now on."""
    page_published.connect(_published, dispatch_uid="content.published")
    page_unpublished.connect(_unpublished, dispatch_uid="content.unpublished")
    post_page_move.connect(_moved, dispatch_uid="content.moved")
    page_slug_changed.connect(_renamed, dispatch_uid="content.renamed")


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


def _moved(instance: Any, url_path_before: str, url_path_after: str, **_: Any) -> None:
    if url_path_before != url_path_after:
        for page in _with_redirects(instance, url_path_before, url_path_after):
            _published(page)


def _renamed(instance: Any, instance_before: Any, **_: Any) -> None:
    for page in _with_redirects(instance, instance_before.url_path, instance.url_path):
        if page.pk != instance.pk:  # it was published just now, and told of
            _published(page)


def _with_redirects(top: Page, before: str, after: str) -> list[Page]:
    """The live pages at and below one that has another path now, a thousand at most; their old paths lead to them."""
    place = Page.objects.values_list("path", flat=True).get(pk=top.pk)
    pages = list(Page.objects.filter(path__startswith=place, live=True).order_by("path").specific()[:_MOST])
    site = Site.objects.select_related("root_page").filter(is_default_site=True).first()
    # Redirects know no languages: they are those of the site's own.
    if site is not None and all(path.startswith(site.root_page.url_path) for path in (before, after)):
        old = {public_path(before + page.url_path[len(after) :]): page for page in pages}
        stale = [*old, *(public_path(page.url_path) for page in pages)]
        Redirect.objects.filter(automatically_created=True, old_path__in=stale).delete()
        Redirect.objects.bulk_create(
            [
                Redirect(old_path=path, site=site, redirect_page_id=page.pk, automatically_created=True)
                for path, page in old.items()
                if len(path) <= _LONGEST_PATH
            ],
            ignore_conflicts=True,
        )
    return pages


def _kind(page: Page) -> str:
    return KINDS[page.specific_class._meta.model_name].value
