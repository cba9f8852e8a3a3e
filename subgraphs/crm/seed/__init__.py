"""Writes the demo data of both demo tenants."""

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, demo_tenant_id
from resolvers.session import Database
from subgraphs.crm.repository import activities, contacts, forms, leads, pipelines, scores
from subgraphs.crm.seed.story import tell

__all__ = ["seed"]


async def seed(database: Database) -> None:
    """Writes each demo tenant's rows in one transaction, unless they were written before.

    What users changed or deleted since then stays changed or deleted.

    Args:
        database: as the owner of the tables, or as the app role.
    """
    for slug in TENANTS:
        story = tell(slug)
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            (known,) = await pipelines.find_pipelines(session, [story.pipelines[0].id])
            if known is not None:
                continue
            await pipelines.add_pipeline(session, *story.pipelines)
            await pipelines.add_stages(session, story.stages)
            await contacts.add_contact(session, *story.contacts)
            await leads.add_lead(session, *story.leads)
            await activities.add_activity(session, *story.activities)
            await scores.add_score(session, *story.scores)
            await forms.add_submission(session, *story.submissions)
