"""When pages come and go: schedules, taking back, and what is due. As in `editing`."""

import logging
from datetime import datetime
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone
from wagtail.log_actions import log
from wagtail.models import Page, Revision

from resolvers.context import RequestContext
from resolvers.errors import InvalidValue
from subgraphs.content.cms import acting
from subgraphs.content.cms.editing import editor_of, locked_page, refuse_locked, refusing

__all__ = ["publish_due", "schedule_page", "unpublish_page"]

AT_A_TIME: Final = 100
"""Pages that are published, or taken back, in one transaction."""

_log = logging.getLogger("subgraphs.content.cms")


def schedule_page(
    context: RequestContext, page_id: int, go_live_at: datetime | None, expire_at: datetime | None
) -> int:
    """The newest draft will be there for everybody from, and until.

    Raises:
        InvalidValue: it would end before it begins, or before now.
        ContentPageNotFound, PageIsLocked, SlugTaken: see there.
    """
    if expire_at is not None and expire_at <= (go_live_at or timezone.now()):
        raise InvalidValue("expireAt", "must be later than goLiveAt")
    if expire_at is not None and expire_at <= timezone.now():
        raise InvalidValue("expireAt", "must be in the future")
    page = locked_page(page_id)
    editor = editor_of(context)
    refuse_locked(page, editor)
    newest = page.get_latest_revision_as_object()
    newest.go_live_at, newest.expire_at = go_live_at, expire_at
    with refusing():
        newest.save_revision(user=editor, log_action=True).publish(user=editor)
    return page_id


def unpublish_page(context: RequestContext, page_id: int, with_descendants: bool = False) -> int:
    """Only editors see it from now on, and it does not come by itself any more.

    Raises:
        ContentPageNotFound, PageIsLocked: see there.
    """
    page = locked_page(page_id)
    editor = editor_of(context)
    pages = [page, *(page.get_descendants().order_by("path") if with_descendants else ())]
    for each in pages:
        refuse_locked(each, editor)
        _call_back(each, editor)
        if each.live:
            each.specific.unpublish(user=editor)
    return page_id


def _call_back(page: Any, editor: Any) -> None:
    """What was planned is not: neither for the revision, nor in the draft that would be published next."""
    planned = page.revisions.filter(approved_go_live_at__isnull=False)
    if not planned.exists():
        return
    for revision in planned:
        _log_called_back(page, revision, editor)
    planned.update(approved_go_live_at=None)
    Page.objects.filter(pk=page.pk).update(go_live_at=None)
    page.go_live_at = None
    newest = page.get_latest_revision_as_object()
    if newest.go_live_at is not None:
        newest.go_live_at = None
        newest.save_revision(user=editor, changed=False, clean=False)
        page.refresh_from_db()


def publish_due() -> bool:
    """Publishes and takes back what is due, a hundred pages at most; no if another process does so just now.

    Each page by itself: what fails is undone and does not hold up the others. What cannot be published as it is,
    because another page has its slug by now, is a draft again.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"content/due/{acting.tenant()}"])
        (mine,) = cursor.fetchone()
    if not mine:
        return False
    now = timezone.now()
    for page in list(Page.objects.filter(live=True, expire_at__lt=now).order_by("expire_at")[:AT_A_TIME]):
        try:
            with acting.savepoint():
                page.unpublish(set_expired=True, log_action="wagtail.unpublish.scheduled")
        except Exception:  # noqa: BLE001 - as above
            _log.exception("page %s of tenant %s cannot be taken back", page.pk, acting.tenant())
    due = Revision.objects.filter(approved_go_live_at__lt=now).order_by("approved_go_live_at")
    for revision in list(due[:AT_A_TIME]):
        try:
            with acting.savepoint():
                revision.publish(log_action="wagtail.publish.scheduled")
        except ValidationError as error:
            _log.warning("page %s of tenant %s stays a draft: %s", revision.object_id, acting.tenant(), error.messages)
            _put_off(revision)
        except Exception:  # noqa: BLE001 - as above
            _log.exception("page %s of tenant %s cannot be published", revision.object_id, acting.tenant())
    return True


def _put_off(revision: Any) -> None:
    Revision.objects.filter(pk=revision.pk).update(approved_go_live_at=None)
    page = Page.objects.filter(pk=int(revision.object_id)).first()
    if page is not None:
        _log_called_back(page, revision, None)


def _log_called_back(page: Any, revision: Any, editor: Any) -> None:
    """In the page's history, as Wagtail's own page for this writes it."""
    at = revision.approved_go_live_at
    about = {"id": revision.pk, "created": revision.created_at.isoformat(), "go_live_at": at.isoformat()}
    data = {"revision": {**about, "has_live_version": page.live}}
    log(instance=page, action="wagtail.schedule.cancel", user=editor, data=data, revision=revision)
