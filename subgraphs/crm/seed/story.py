"""The demo data of one tenant, made by the domain's own rules and the same on every run.

Identifiers come from `resolvers.demo`; other contexts' users and businesses are referred to by theirs. Moments are
relative to `ANCHOR`, not to today.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from resolvers.demo import demo_id
from subgraphs.crm import domain
from subgraphs.crm.domain import (
    Activity,
    ActivityKind,
    Contact,
    ContactDetails,
    CrmTask,
    Lead,
    LeadDetails,
    LeadScore,
    LeadSource,
    LeadStatus,
    Pipeline,
    ScoringEngine,
    Stage,
    StageDraft,
)
from subgraphs.crm.domain.forms import FormEntry, FormSubmission
from subgraphs.crm.domain.tasks import complete_task
from subgraphs.crm.seed.names import COMPANIES, JOB_TITLES, LOST_REASONS, NOTES, SUBJECTS, people

__all__ = ["ANCHOR", "Story", "tell"]

ANCHOR = datetime(2026, 6, 30, 12, tzinfo=UTC)

CONTACTS, LEADS, ACTIVITIES, BUSINESSES, SCORED, SUBMITTED = 60, 150, 300, 60, 10, 5

_TASK = "task"
_OPEN, _WON, _LOST = LeadStatus.OPEN, LeadStatus.WON, LeadStatus.LOST
_PIPELINES: dict[str, tuple[tuple[str, tuple[StageDraft, ...]], ...]] = {
    "acme": (
        (
            "New business",
            (
                StageDraft("New", _OPEN, 5),
                StageDraft("Contacted", _OPEN, 15),
                StageDraft("Qualified", _OPEN, 35),
                StageDraft("Proposal", _OPEN, 60),
                StageDraft("Negotiation", _OPEN, 80),
                StageDraft("Won", _WON),
                StageDraft("Lost", _LOST),
            ),
        ),
        (
            "Renewals",
            (
                StageDraft("Due", _OPEN, 60),
                StageDraft("In talks", _OPEN, 75),
                StageDraft("Renewed", _WON),
                StageDraft("Left", _LOST),
            ),
        ),
    ),
    "globex": (
        (
            "Enterprise",
            (
                StageDraft("Prospect", _OPEN, 5),
                StageDraft("Discovery", _OPEN, 20),
                StageDraft("Pilot", _OPEN, 45),
                StageDraft("Legal review", _OPEN, 75),
                StageDraft("Signed", _WON),
                StageDraft("Declined", _LOST),
            ),
        ),
        (
            "Partners",
            (
                StageDraft("Applied", _OPEN, 30),
                StageDraft("Vetting", _OPEN, 60),
                StageDraft("Accepted", _WON),
                StageDraft("Rejected", _LOST),
            ),
        ),
    ),
}
_CURRENCIES = {"acme": "USD", "globex": "EUR"}
# Who works leads, more often the agent; some leads wait for someone.
_ASSIGNEES = ("cleo", "cleo", "cleo", "ben", "ben", "ada", None)


@dataclass(frozen=True, slots=True)
class Story:
    """The demo rows of one tenant."""

    pipelines: tuple[Pipeline, ...]
    stages: tuple[Stage, ...]
    contacts: tuple[Contact, ...]
    leads: tuple[Lead, ...]
    activities: tuple[Activity, ...]
    tasks: tuple[CrmTask, ...]
    scores: tuple[LeadScore, ...]
    submissions: tuple[FormSubmission, ...]


def tell(slug: str) -> Story:
    """The demo data of the tenant `slug`, one of `resolvers.demo.TENANTS`."""
    random = Random(f"crm/{slug}")  # noqa: S311 - the same data every time is the point
    names = people(random)
    pipelines, stages = _pipelines(slug)
    contacts = tuple(_contact(slug, random, number, names.pop()) for number in range(1, CONTACTS + 1))
    leads = tuple(
        _lead(slug, random, number, names.pop(), stages[random.choice((0, 0, 0, 1))], contacts)
        for number in range(1, LEADS + 1)
    )
    planned = tuple(_activity(slug, random, number, leads, contacts) for number in range(1, ACTIVITIES + 1))
    scores = tuple(_score(slug, lead) for lead in leads[-SCORED:])
    submissions = tuple(_submission(slug, lead) for lead in leads if lead.email and lead.contact_id)
    every = tuple(stage for group in stages for stage in group)
    activities = tuple(each for each in planned if isinstance(each, Activity))
    tasks = tuple(each for each in planned if isinstance(each, CrmTask))
    return Story(pipelines, every, contacts, leads, activities, tasks, scores, submissions[:SUBMITTED])


def _pipelines(slug: str) -> tuple[tuple[Pipeline, ...], tuple[tuple[Stage, ...], ...]]:
    made_at = ANCHOR - timedelta(days=400)
    pipelines: list[Pipeline] = []
    stages: list[tuple[Stage, ...]] = []
    for number, (name, drafts) in enumerate(_PIPELINES[slug], start=1):
        pipeline_id = demo_id(slug, "pipeline", f"p{number}")
        pipelines.append(Pipeline(pipeline_id, name, number == 1, 1, made_at, made_at))
        ids = (demo_id(slug, "stage", f"p{number}s{place}") for place in range(1, len(drafts) + 1))
        stages.append(domain.draft_stages(pipeline_id, list(zip(ids, drafts, strict=True))))
    return tuple(pipelines), tuple(stages)


def _contact(slug: str, random: Random, number: int, name: tuple[str, str]) -> Contact:
    company = random.choice(COMPANIES)
    details = ContactDetails(
        name=" ".join(name),
        email=_email(name, company),
        phone=_phone(random),
        company=company,
        job_title=random.choice(JOB_TITLES),
        owner_id=_user(slug, random.choice(_ASSIGNEES)),
        business_id=_business(slug, random) if random.random() < 0.5 else None,
    )
    return domain.new_contact(demo_id(slug, "contact", f"c{number:03}"), details, _ago(random, 180, 390))


def _lead(
    slug: str,
    random: Random,
    number: int,
    name: tuple[str, str],
    stages: tuple[Stage, ...],
    contacts: tuple[Contact, ...],
) -> Lead:
    company = random.choice(COMPANIES)
    source = random.choice(list(LeadSource))
    about_business = source is LeadSource.DIRECTORY or random.random() < 0.4
    details = LeadDetails(
        name=" ".join(name),
        source=source,
        email=_email(name, company) if random.random() < 0.9 else None,
        phone=_phone(random) if random.random() < 0.7 else None,
        company=company,
        score=min(100, max(0, round(random.gauss(55, 20)))),
        value_minor=random.randrange(5, 500) * 10_000,
        currency=_CURRENCIES[slug],
        notes=random.choice(NOTES) if random.random() < 0.4 else None,
    )
    open_stages = [stage for stage in stages if stage.status is _OPEN]
    lead = domain.open_lead(
        demo_id(slug, "lead", f"l{number:03}"),
        details,
        open_stages[0],
        _ago(random, 10, 170),
        assignee_id=_user(slug, random.choice(_ASSIGNEES)),
        business_id=_business(slug, random) if about_business else None,
    )
    for stage in open_stages[1 : 1 + random.randrange(len(open_stages))]:
        lead = domain.enter_stage(lead, stage, None, _later(random, lead.updated_at))
    fate = random.choices((_OPEN, _WON, _LOST), (60, 20, 20))[0]
    if fate is _WON or random.random() < 0.15:
        lead = domain.convert(lead, random.choice(contacts).id, _later(random, lead.updated_at))
    if fate is not _OPEN:
        end = next(stage for stage in stages if stage.status is fate)
        reason = random.choice(LOST_REASONS) if fate is _LOST else None
        lead = domain.enter_stage(lead, end, reason, _later(random, lead.updated_at))
    return lead


def _activity(
    slug: str, random: Random, number: int, leads: tuple[Lead, ...], contacts: tuple[Contact, ...]
) -> Activity | CrmTask:
    lead = random.choice(leads) if random.random() < 0.8 else None
    contact = None if lead is not None else random.choice(contacts)
    planned = random.random() < 0.15
    kinds = [*(kind.value for kind in ActivityKind), _TASK]
    kind = random.choice([kind for kind in kinds if not (planned and kind == ActivityKind.NOTE.value)])
    since = lead.created_at if lead is not None else ANCHOR - timedelta(days=170)
    logged_at = since + (ANCHOR - since) * random.random()
    occurs_at = ANCHOR + timedelta(hours=random.randrange(1, 14 * 24)) if planned else logged_at
    row_id, subject = demo_id(slug, "activity", f"a{number:03}"), random.choice(SUBJECTS[kind])
    body = random.choice(NOTES) if random.random() < 0.3 else None
    lead_id, contact_id = lead.id if lead is not None else None, contact.id if contact is not None else None
    somebody = _user(slug, random.choice(_ASSIGNEES))
    if kind == _TASK:
        return _task(row_id, subject, body, lead_id, contact_id, somebody, logged_at, occurs_at)
    activity = domain.log_activity(
        row_id,
        ActivityKind(kind),
        subject,
        logged_at,
        body=body,
        lead_id=lead_id,
        contact_id=contact_id,
        actor_id=somebody,
        occurs_at=occurs_at,
    )
    # Whole seconds: nobody logs microseconds.
    return replace(
        activity,
        occurs_at=activity.occurs_at.replace(microsecond=0),
        completed_at=activity.completed_at.replace(microsecond=0) if activity.completed_at else None,
        created_at=activity.created_at.replace(microsecond=0),
        updated_at=activity.updated_at.replace(microsecond=0),
    )


def _task(
    task_id: UUID,
    title: str,
    body: str | None,
    lead_id: UUID | None,
    contact_id: UUID | None,
    somebody: UUID | None,
    made_at: datetime,
    due_at: datetime,
) -> CrmTask:
    made_at, due_at = made_at.replace(microsecond=0), due_at.replace(microsecond=0)
    task = domain.new_task(
        task_id,
        title,
        made_at,
        body=body,
        lead_id=lead_id,
        contact_id=contact_id,
        assignee_id=somebody,
        created_by=somebody,
        due_at=due_at,
    )
    return task if due_at > ANCHOR else complete_task(task, somebody, due_at)


def _score(slug: str, lead: Lead) -> LeadScore:
    return LeadScore(
        id=demo_id(slug, "lead score", str(lead.id)),
        lead_id=lead.id,
        value=lead.score,
        reasons=("Judged by the salesperson after the first call.",),
        engine=ScoringEngine.PERSON,
        model=None,
        run_id=None,
        user_id=_user(slug, "cleo"),
        scored_at=lead.created_at,
    )


def _submission(slug: str, lead: Lead) -> FormSubmission:
    assert lead.email is not None
    assert lead.contact_id is not None
    entry = FormEntry(
        submission_id=str(demo_id(slug, "form submission", str(lead.id))),
        form="contact",
        page="/contact",
        name=lead.name,
        email=lead.email,
        phone=lead.phone,
        company=lead.company,
        message="We would like to hear more.",
        consent=True,
        answers={"How did you find us?": "A friend told me."},
        locale="en",
        submitted_at=lead.created_at,
    )
    row_id = demo_id(slug, "form", str(lead.id))
    return FormSubmission.of(row_id, entry, lead_id=lead.id, contact_id=lead.contact_id, now=lead.created_at)


def _user(slug: str, key: str | None) -> UUID | None:
    return None if key is None else demo_id(slug, "user", key)


def _business(slug: str, random: Random) -> UUID:
    return demo_id(slug, "business", f"b{random.randrange(1, BUSINESSES + 1):03}")


def _email(name: tuple[str, str], company: str) -> str:
    return f"{name[0]}.{name[1]}".lower() + f"@{re.sub('[^a-z]', '', company.lower())}.example"


def _phone(random: Random) -> str:
    # 555-01xx is kept free for fiction.
    return f"+1 {random.randrange(201, 990)} 555 01{random.randrange(100):02}"


def _ago(random: Random, least_days: int, most_days: int) -> datetime:
    return ANCHOR - timedelta(minutes=random.randrange(least_days * 1440, most_days * 1440))


def _later(random: Random, moment: datetime) -> datetime:
    return min(ANCHOR, moment + timedelta(minutes=random.randrange(600, 20_000)))
