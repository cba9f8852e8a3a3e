"""Writes the demo data of both demo tenants: their members, how they send, and what Ada was told."""

from datetime import UTC, datetime, timedelta
from typing import Final

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, USERS, demo_id, demo_tenant_id
from resolvers.session import Database
from subgraphs.notifications.domain.kinds import NotificationKind
from subgraphs.notifications.domain.templates import rendered
from subgraphs.notifications.repository import inbox, people, texts
from subgraphs.notifications.repository.texts import Settings
from subgraphs.notifications.usecases.telling import best_text

__all__ = ["seed"]

_LONG_AGO: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Before anything that identity tells."""
_TOLD_AT: Final = datetime(2026, 6, 1, 9, tzinfo=UTC)
_TOLD: Final = (
    (NotificationKind.TASK_DUE, "task", {"title": "Call back", "dueAt": "2026-06-01 09:00"}),
    (NotificationKind.REVIEW_POSTED, "review", {"business": "Corner Bakery", "rating": "5", "title": "Lovely"}),
    (NotificationKind.APPROVAL_WAITING, "run", {"crew": "lead_scoring", "actions": "1"}),
    (NotificationKind.BUSINESS_CLAIMED, "business", {"business": "Corner Bakery"}),
    (NotificationKind.BACK_IN_STOCK, "variant", {"variant": "Espresso machine"}),
)
_LOCALES: Final = {"acme": "en", "globex": "de"}


async def seed(database: Database) -> None:
    """Writes each demo tenant's rows in one transaction, unless they were written before."""
    for slug in TENANTS:
        rows = [
            {
                "id": demo_id(slug, "notification", str(number)),
                "user_id": demo_id(slug, "user", "ada"),
                "kind": kind,
                "event_id": demo_id(slug, "notification-event", str(number)),
                "title": shown.subject,
                "body": shown.body,
                "about_type": about,
                "about_id": str(demo_id(slug, about, str(number))),
                "read_at": _TOLD_AT if number == 1 else None,
                "created_at": _TOLD_AT + timedelta(hours=number),
            }
            for number, (kind, about, values) in enumerate(_TOLD, start=1)
            for shown in [rendered(best_text({}, kind, _LOCALES[slug]), values)]
        ]
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            for user, role in USERS.items():
                await people.note_member(session, demo_id(slug, "user", user), role, _LONG_AGO, is_member=True)
            url = f"https://{slug}.example"
            await texts.add_settings(session, Settings(f"hello@{slug}.example", None, _LOCALES[slug], url))
            await inbox.add_all(session, rows)
