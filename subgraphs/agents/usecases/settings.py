"""What owners set: switches and budgets."""

from subgraphs.agents.catalogue import check_crew
from subgraphs.agents.domain.budgets import ALL_CREWS, Limit
from subgraphs.agents.domain.errors import BudgetNotFound, check_version
from subgraphs.agents.domain.values import optional_text
from subgraphs.agents.repository import budgets, controls
from subgraphs.agents.repository.budgets import LimitRow
from subgraphs.agents.repository.controls import Controls
from subgraphs.agents.usecases.work import Work, actor_of

__all__ = ["remove_budget", "set_budget", "set_controls"]


async def set_controls(
    work: Work,
    *,
    kill_switch: bool | None,
    dry_run: bool | None,
    reason: str | None,
    expected_version: int | None,
) -> Controls:
    """The tenant's switches, changed; what is None stays. A blank reason is none."""
    await work.lock()
    before = await controls.read_controls(work.session)
    check_version(before.version, expected_version)
    user_id = work.session.context.user_id
    after = Controls(
        kill_switch=before.kill_switch if kill_switch is None else kill_switch,
        dry_run=before.dry_run if dry_run is None else dry_run,
        reason=before.reason if reason is None else optional_text("reason", reason, 500),
        changed_by=user_id,
        version=before.version + 1,
        updated_at=work.now,
    )
    await controls.write_controls(work.session, after)
    data = {"killSwitch": after.kill_switch, "dryRun": after.dry_run, "reason": after.reason}
    await work.note(actor_of(user_id), "CONTROLS_SET", None, data)
    return after


async def set_budget(work: Work, crew: str | None, limit: Limit, expected_version: int | None) -> LimitRow:
    """The limit of a crew, or of the tenant as a whole (None), from now on.

    What has been granted already stays granted: a limit below it only ends the granting.

    Raises:
        InvalidValue: there is no such crew.
        VersionConflict: the limit has changed.
    """
    name = ALL_CREWS if crew is None else check_crew(crew)
    await work.lock()
    before = (await budgets.limit_rows(work.session)).get(name)
    version = 0 if before is None else before.version
    check_version(version, expected_version)
    user_id = work.session.context.user_id
    row = LimitRow(name, limit, version + 1, user_id, work.now)
    await budgets.set_limit(work.session, row)
    data = {
        "crew": crew,
        "hardMicros": limit.hard_micros,
        "softPercent": limit.soft_percent,
        "refuse": limit.refuse,
    }
    await work.note(actor_of(user_id), "BUDGET_SET", None, data)
    return row


async def remove_budget(work: Work, crew: str, expected_version: int | None) -> None:
    """Takes a crew's own limit away: the tenant's holds for it like for the others. What it has used stays counted.

    Raises:
        BudgetNotFound: it has none.
        VersionConflict: the limit has changed.
    """
    await work.lock()
    before = (await budgets.limit_rows(work.session)).get(crew)
    if before is None or crew == ALL_CREWS:
        raise BudgetNotFound
    check_version(before.version, expected_version)
    await budgets.remove_limit(work.session, crew)
    await work.note(actor_of(work.session.context.user_id), "BUDGET_REMOVED", None, {"crew": crew})
