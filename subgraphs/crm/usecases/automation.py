"""Rules of stages: made, removed, and carried out when a lead enters a stage, in the transaction that moves it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.crm import domain
from subgraphs.crm.domain import Lead, Stage
from subgraphs.crm.domain.automation import MAX_RULES, StageAction, StageRule, new_rule, task_of
from subgraphs.crm.domain.errors import PipelineNotFound, StageNotFound, StageRuleNotFound, TooManyRules
from subgraphs.crm.events import LeadEnteredStage
from subgraphs.crm.repository import automation, members, pipelines, tasks
from subgraphs.crm.usecases.members import check_assignee

__all__ = ["carry_out", "create_stage_rule", "delete_stage_rule"]


async def create_stage_rule(
    session: TenantSession,
    stage_id: UUID,
    action: StageAction,
    *,
    subject: str | None = None,
    due_in_days: int | None = None,
    assignee_id: UUID | None = None,
    assignee_ids: Sequence[UUID] | None = None,
) -> StageRule:
    """A new rule of a stage.

    Raises:
        StageNotFound: there is no such stage.
        AssigneeNotFound: somebody is no member of the tenant.
        TooManyRules: it has `MAX_RULES` already.
        InvalidValue: the rule lacks what its action needs, or has what it does not.
    """
    (stage,) = await pipelines.find_stages(session, [stage_id])
    if stage is None:
        raise StageNotFound
    # Rules are counted while nobody else adds one.
    if await pipelines.pipeline_for_update(session, stage.pipeline_id) is None:
        raise PipelineNotFound
    (rules,) = await automation.rules_of_stages(session, [stage_id])
    if len(rules) >= MAX_RULES:
        raise TooManyRules
    now = datetime.now(UTC)
    rule = new_rule(
        uuid4(),
        stage_id,
        action,
        now,
        subject=subject,
        due_in_days=due_in_days,
        assignee_id=assignee_id,
        assignee_ids=assignee_ids,
    )
    await check_assignee(session, rule.assignee_id, *(rule.assignee_ids or ()))
    await automation.add_rule(session, rule)
    return rule


async def delete_stage_rule(session: TenantSession, rule_id: UUID) -> None:
    """Deletes a rule; what it did stays.

    Raises:
        StageRuleNotFound: there is no such rule.
    """
    if not await automation.remove_rule(session, rule_id):
        raise StageRuleNotFound


async def carry_out(session: TenantSession, lead: Lead, stage: Stage, *, keeps_assignee: bool = False) -> Lead:
    """The lead, which has just entered the stage, after that stage's rules; the caller writes it.

    The lead changes hands first, so that tasks are the new assignee's.
    """
    (rules,) = await automation.rules_of_stages(session, [stage.id])
    now = datetime.now(UTC)
    if not keeps_assignee:
        lead = await _given_away(session, lead, rules, now)
    made = [task_of(rule, uuid4(), lead, now) for rule in rules if rule.action is StageAction.CREATE_TASK]
    await tasks.add_task(session, *made)
    if any(rule.action is StageAction.NOTIFY for rule in rules):
        session.publish(
            LeadEnteredStage(
                lead_id=lead.id,
                lead_name=lead.name,
                stage_id=stage.id,
                stage_name=stage.name,
                status=stage.status.value,
                assignee_id=lead.assignee_id,
                entered_at=now,
            )
        )
    return lead


async def _given_away(session: TenantSession, lead: Lead, rules: Sequence[StageRule], now: datetime) -> Lead:
    """The lead with whom the rules give it to; those who are no members any more are passed over."""
    named = {account for rule in rules for account in (rule.assignee_id, *(rule.assignee_ids or ())) if account}
    if not named:
        return lead
    known = await members.members_among(session, named)
    for rule in rules:
        people = [each for each in rule.assignee_ids or (rule.assignee_id,) if each in known]
        if not people:
            continue
        turn = await automation.take_turn(session, rule.id) if rule.action is StageAction.ASSIGN_IN_TURN else 0
        lead = domain.assign(lead, people[turn % len(people)], now)
    return lead
