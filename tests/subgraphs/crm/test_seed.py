"""The demo data: as much as promised, the same each time, and the tenant's own."""

from resolvers.demo import TENANTS, USERS, demo_id
from resolvers.session import Database
from subgraphs.crm.domain import LeadStatus
from subgraphs.crm.seed import seed
from subgraphs.crm.seed.story import ANCHOR, tell


def test_it_is_the_same_each_time():
    for slug in TENANTS:
        assert tell(slug) == tell(slug)
    assert {lead.name for lead in tell("acme").leads} != {lead.name for lead in tell("globex").leads}


def test_it_is_rich_enough_to_try_everything():
    for slug in TENANTS:
        story = tell(slug)
        assert (len(story.pipelines), len(story.contacts), len(story.leads)) == (2, 60, 150)
        assert len(story.activities) + len(story.tasks) == 300
        assert len(story.tasks) > 30
        assert any(task.completed_at is None for task in story.tasks)
        assert [pipeline.is_default for pipeline in story.pipelines] == [True, False]
        assert {lead.stage_id for lead in story.leads} == {stage.id for stage in story.stages}
        assert {lead.status for lead in story.leads} == set(LeadStatus)
        users = {demo_id(slug, "user", key) for key in USERS}
        businesses = {demo_id(slug, "business", f"b{number:03}") for number in range(1, 61)}
        assert {lead.assignee_id for lead in story.leads} - {None} <= users
        assert None in {lead.assignee_id for lead in story.leads}
        assert {lead.business_id for lead in story.leads} - {None} <= businesses
        assert {contact.business_id for contact in story.contacts} - {None} <= businesses
        assert story.leads[0].id == demo_id(slug, "lead", "l001")
        assert story.contacts[59].id == demo_id(slug, "contact", "c060")
        assert all(lead.created_at <= lead.updated_at <= ANCHOR for lead in story.leads)
        assert any(activity.completed_at is None for activity in story.activities)
        assert all((activity.completed_at is None) == (activity.occurs_at > ANCHOR) for activity in story.activities)


async def test_a_second_run_changes_nothing(crm):
    query = """{ leads { totalCount } contacts { totalCount } activities { totalCount } crmTasks { totalCount }
      pipelines { id } }"""
    before = await crm.data(query)
    database = Database(crm.settings.admin_url(), "crm", 2)
    try:
        await seed(database)
    finally:
        await database.close()
    assert await crm.data(query) == before
    assert before["leads"]["totalCount"] == 150
    assert before["contacts"]["totalCount"] == 60
    assert before["activities"]["totalCount"] + before["crmTasks"]["totalCount"] == 300
    assert len(before["pipelines"]) == 2
