"""Actions: proposed by a crew, decided by people or the policy, carried out once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from subgraphs.agents.catalogue import action_kind
from subgraphs.agents.domain import actions as domain
from subgraphs.agents.domain.actions import MAX_ACTIONS, Action, Decision, Proposal
from subgraphs.agents.domain.errors import (
    ActionNotFound,
    ApprovalRequired,
    DryRun,
    InvalidValue,
    KillSwitchOn,
    ProposalChanged,
    RightsWithdrawn,
    RunOver,
)
from subgraphs.agents.domain.fits import check_edit
from subgraphs.agents.domain.runs import Run
from subgraphs.agents.domain.values import ActionStatus, DecisionKind, hash_of
from subgraphs.agents.repository import actions, controls
from subgraphs.agents.usecases.work import Work, actor_of

__all__ = ["propose_actions", "record_action", "record_decision", "vote"]

_WORKFLOW = "workflow"
_POLICY = "policy"


async def propose_actions(
    work: Work, run_id: UUID, proposals: Sequence[Proposal], after: int = 0
) -> tuple[Action, ...]:
    """The actions that are proposed, behind the `after` that the run has. Proposing the same again changes nothing.

    Raises:
        ProposalChanged: the run has proposed others.
        InvalidValue: it has not proposed as many before.
        RiskExceeded: one is riskier than what the run was asked for with.
        RunOver: it has ended.
    """
    if after < 0 or after + len(proposals) > MAX_ACTIONS:
        raise InvalidValue("actions", f"must be at most {MAX_ACTIONS} in all")
    run = await work.locked_run(run_id)
    proposals = [_as_risky_as_it_is(run, proposal) for proposal in proposals]
    (all_known,) = await actions.actions_of_runs(work.session, [run_id])
    if after > len(all_known):
        raise InvalidValue("after", f"must be at most {len(all_known)}: so many actions there are")
    known = all_known[after:]
    if known:
        if [_identity(action) for action in known] != [
            (proposal.tool, proposal.risk, hash_of(proposal.arguments)) for proposal in proposals
        ]:
            raise ProposalChanged
        return known
    if run.status.is_final:
        raise RunOver
    domain.check_risks(proposals, run.risk)
    new = tuple(
        domain.propose(uuid4(), run_id, index, proposal, work.now)
        for index, proposal in enumerate(proposals, start=after)
    )
    await actions.add_actions(work.session, *new)
    for action in new:
        data = {
            "index": action.index,
            "tool": action.tool,
            "risk": action.risk.name,
            "argumentsHash": action.arguments_hash,
            "readUntrusted": action.read_untrusted,
        }
        run = await work.written(run, "ACTION_PROPOSED", data, actor=_WORKFLOW)
    return new


async def vote(work: Work, run_id: UUID, index: int, decision: Decision) -> tuple[Run, Action]:
    """Writes what a person says about an action, for the workflow to find, and checks that it may be said.

    Raises:
        RunOver: the run has ended.
        ActionNotFound, AlreadyDecided, ArgumentsChanged, NotYourOwnMoney: see `domain.actions.check_vote`.
        BadUserInput: the edited arguments do not fit; see `domain.fits.check_edit`.
    """
    assert decision.by is not None
    run = await work.locked_run(run_id)
    action = await actions.action_for_update(work.session, run_id, index)
    if action is None:
        raise ActionNotFound
    if run.status.is_final:
        raise RunOver
    domain.check_vote(action, decision, run.answered_for_by)
    if decision.edited_arguments is not None:
        check_edit(action_kind(run.crew, action.tool), action.arguments, decision.edited_arguments)
    await actions.add_vote(work.session, run_id, index, decision.by, decision)
    data = {"index": index, "kind": decision.kind.name, "argumentsHash": decision.arguments_hash}
    await work.note(actor_of(decision.by), "ACTION_VOTED", run_id, data)
    return run, action


async def record_decision(work: Work, run_id: UUID, index: int, decision: Decision | None) -> tuple[Action, bool]:
    """The decided action, and whether that is new; without a decision it has expired.

    Raises:
        ApprovalRequired: only a person may decide this, and none did; or the person never said so in the graph.
        AlreadyDecided, ArgumentsChanged, NotYourOwnMoney: see `domain.actions.decide`.
    """
    run = await work.locked_run(run_id)
    before = await actions.action_for_update(work.session, run_id, index)
    if before is None:
        raise ActionNotFound
    if decision is None:
        after = domain.expire(before, work.now)
    else:
        if decision.arguments_hash is None:
            decision = replace(decision, arguments_hash=before.arguments_hash)
        after = domain.decide(
            before,
            decision,
            work.now,
            answered_for_by=run.answered_for_by,
            run_read_untrusted=run.read_untrusted,
        )
        by = decision.by
        if (
            after is not before
            and by is not None
            and not await actions.has_vote(work.session, run_id, index, by, decision)
        ):
            raise ApprovalRequired("That person has decided nothing of the kind.")
    if after is before:
        return before, False
    await actions.change_action(work.session, after)
    data: dict[str, Any] = {"index": index, "status": after.status.name, "argumentsHash": before.arguments_hash}
    if decision is not None:
        data["kind"] = decision.kind.name
        if decision.kind is DecisionKind.EDIT:
            data["editedHash"] = after.arguments_hash
        if decision.note is not None:
            data["note"] = decision.note
    actor = _WORKFLOW if decision is None else _POLICY if decision.by is None else actor_of(decision.by)
    edited = after.status is ActionStatus.PROPOSED
    kind = "ACTION_EXPIRED" if decision is None else "ACTION_EDITED" if edited else "ACTION_DECIDED"
    await work.written(run, kind, data, actor=actor)
    return after, True


async def record_action(
    work: Work, run_id: UUID, index: int, status: ActionStatus, outcome: Any = None, *, may_act: bool
) -> tuple[Action, bool]:
    """The action in `status`, and whether it has just come to it (false for a repetition).

    Args:
        may_act: whether the run may carry out anything now.

    Raises:
        InvalidTransition: that status cannot follow.
        KillSwitchOn, DryRun, RunOver, RightsWithdrawn: it must not be carried out.
    """
    run = await work.locked_run(run_id)
    before = await actions.action_for_update(work.session, run_id, index)
    if before is None:
        raise ActionNotFound
    after = domain.advance(before, status, outcome, work.now)
    if after is before:
        return before, False
    if status is ActionStatus.EXECUTING:
        if run.status.is_final:
            raise RunOver
        if run.dry_run:
            raise DryRun
        if (await controls.read_controls(work.session)).kill_switch:
            raise KillSwitchOn
        if not may_act:
            raise RightsWithdrawn
    await actions.change_action(work.session, after)
    data = {"index": index, "tool": after.tool, "status": status.name, "argumentsHash": after.arguments_hash}
    await work.written(run, f"ACTION_{status.name}", data, actor=_WORKFLOW)
    return after, True


def _as_risky_as_it_is(run: Run, proposal: Proposal) -> Proposal:
    """The proposal, with no less than the risk that the crew's tool has, whatever a worker says."""
    kind = action_kind(run.crew, proposal.tool)
    if kind is None or domain.is_within(kind.risk, proposal.risk):
        return proposal
    return replace(proposal, risk=kind.risk)


def _identity(action: Action) -> tuple[Any, ...]:
    shown = action.proposed_arguments if action.proposed_arguments is not None else action.arguments
    return action.tool, action.risk, hash_of(shown)
