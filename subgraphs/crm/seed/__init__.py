"""Writes the demo data of both demo tenants."""

from datetime import UTC, datetime

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, USERS, demo_id, demo_tenant_id
from resolvers.session import Database
from subgraphs.crm.repository import activities, contacts, forms, leads, members, pipelines, scores, tasks
from subgraphs.crm.seed.story import tell

__all__ = ["seed"]

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
"""Before anything that identity tells."""


async def seed(database: Database) -> None:
    """Writes each demo tenant's rows in one transaction, unless they were written before.

    What users changed or deleted since then stays changed or deleted.

    Args:
        database: as the owner of the tables, or as the app role.
    """
    for slug in TENANTS:
        story = tell(slug)
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            for user in USERS:
                await members.note_member(session, demo_id(slug, "user", user), _LONG_AGO, is_member=True)
            (known,) = await pipelines.find_pipelines(session, [story.pipelines[0].id])
            if known is not None:
                continue
            await pipelines.add_pipeline(session, *story.pipelines)
            await pipelines.add_stages(session, story.stages)
            await contacts.add_contact(session, *story.contacts)
            await leads.add_lead(session, *story.leads)
            await activities.add_activity(session, *story.activities)
            await tasks.add_task(session, *story.tasks)
            await scores.add_score(session, *story.scores)
            await forms.add_submission(session, *story.submissions)
