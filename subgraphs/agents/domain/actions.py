"""Actions that a run proposes, what is decided about them, and how they end.

    PROPOSED -> APPROVED -> EXECUTING -> DONE | FAILED
       |           `-> SKIPPED (dry run, or the run ended)
       `-> REJECTED | EXPIRED | SKIPPED

A final status is never left. An approval is bound to the hash of the arguments that were shown.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from subgraphs.agents.domain.errors import (
    AlreadyDecided,
    ApprovalRequired,
    ArgumentsChanged,
    InvalidTransition,
    InvalidValue,
    NotYourOwnMoney,
    RiskExceeded,
)
from subgraphs.agents.domain.values import (
    ActionStatus,
    DecisionKind,
    Risk,
    action_hash,
    checked_json,
    checked_name,
    checked_object,
    hash_of,
    optional_text,
    required_text,
)

__all__ = [
    "MAX_ACTIONS",
    "Action",
    "Decision",
    "Proposal",
    "advance",
    "check_risks",
    "check_vote",
    "decide",
    "expire",
    "is_within",
    "needs_person",
    "propose",
]

MAX_ACTIONS: Final = 200

_NEXT: Final = {
    ActionStatus.PROPOSED: frozenset({ActionStatus.SKIPPED}),
    ActionStatus.APPROVED: frozenset({ActionStatus.EXECUTING, ActionStatus.SKIPPED}),
    ActionStatus.EXECUTING: frozenset({ActionStatus.DONE, ActionStatus.FAILED}),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a crew wants to do; checked when made.

    Attributes:
        tool: that does it, by name.
        reason: why, for the person who decides.
        read_untrusted: whether the run had read what outsiders wrote when it proposed this.
    """

    tool: str
    risk: Risk
    arguments: dict[str, Any]
    reason: str
    read_untrusted: bool = False

    def __post_init__(self) -> None:
        checked_name("tool", self.tool)
        checked_object("arguments", self.arguments)
        object.__setattr__(self, "reason", required_text("reason", self.reason, 2000))


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about an action.

    Attributes:
        by: the person; None: the policy, for what needs no person.
        arguments_hash: of what was shown; None: not said, for what is bound to a vote, which says it.
        edited_arguments: the arguments to take instead; of EDIT alone.
    """

    kind: DecisionKind
    arguments_hash: str | None
    by: UUID | None = None
    edited_arguments: dict[str, Any] | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        if (self.kind is DecisionKind.EDIT) is (self.edited_arguments is None):
            raise InvalidValue("editedArguments", "is for EDIT, which needs it")
        if self.edited_arguments is not None:
            checked_object("editedArguments", self.edited_arguments)
        object.__setattr__(self, "note", optional_text("note", self.note, 1000))


@dataclass(frozen=True, slots=True)
class Action:
    """A row of `agents.actions`, without its tenant.

    Attributes:
        arguments: what will be, or was, carried out.
        arguments_hash: `action_hash` of the tool and `arguments`.
        proposed_arguments: what the crew wanted, where someone edited it.
        edited_by: who wrote `arguments`, if that was not the crew.
    """

    id: UUID
    run_id: UUID
    index: int
    tool: str
    risk: Risk
    arguments: dict[str, Any]
    arguments_hash: str
    proposed_arguments: dict[str, Any] | None
    edited_by: UUID | None
    reason: str
    read_untrusted: bool
    status: ActionStatus
    decision_kind: DecisionKind | None
    decided_by: UUID | None
    decided_at: datetime | None
    decision_note: str | None
    outcome: Any
    created_at: datetime
    updated_at: datetime


_RISKS: Final = tuple(Risk)


def is_within(risk: Risk, worst: Risk) -> bool:
    """Whether a risk is no worse than another."""
    return _RISKS.index(risk) <= _RISKS.index(worst)


def check_risks(proposals: Iterable[Proposal], worst: Risk) -> None:
    """Lets proposals through that are no riskier than their run may be.

    Raises:
        RiskExceeded: one is; says which.
    """
    for proposal in proposals:
        if not is_within(proposal.risk, worst):
            raise RiskExceeded(
                f"{proposal.tool} is {proposal.risk.name}, and this run may do {worst.name} at worst: nothing is done."
            )


def propose(action_id: UUID, run_id: UUID, index: int, proposal: Proposal, now: datetime) -> Action:
    """The action at `index` of a run."""
    return Action(
        id=action_id,
        run_id=run_id,
        index=index,
        tool=proposal.tool,
        risk=proposal.risk,
        arguments=proposal.arguments,
        arguments_hash=action_hash(proposal.tool, proposal.arguments),
        proposed_arguments=None,
        edited_by=None,
        reason=proposal.reason,
        read_untrusted=proposal.read_untrusted,
        status=ActionStatus.PROPOSED,
        decision_kind=None,
        decided_by=None,
        decided_at=None,
        decision_note=None,
        outcome=None,
        created_at=now,
        updated_at=now,
    )


def needs_person(action: Action, *, run_read_untrusted: bool) -> bool:
    """Whether only a person may approve: money always, writes once the run has read what outsiders wrote."""
    if action.risk is Risk.MONEY:
        return True
    return action.risk is Risk.WRITE and (action.read_untrusted or run_read_untrusted)


def check_vote(action: Action, decision: Decision, answered_for_by: UUID | None) -> None:
    """Lets a decision through that may be made about the action as it is now.

    Nobody spends money alone: who approves it has not asked for it, nor written the arguments.

    Raises:
        AlreadyDecided: it is too late.
        ArgumentsChanged: other arguments were shown.
        NotYourOwnMoney: who edited the arguments or, if nobody did, whose rights the run has, approves that it spends
            money.
    """
    if action.status is not ActionStatus.PROPOSED:
        raise AlreadyDecided(f"The action is {action.status.name} already.")
    if decision.arguments_hash != action.arguments_hash:
        raise ArgumentsChanged
    own = decision.by is not None and decision.by == (action.edited_by or answered_for_by)
    if own and action.risk is Risk.MONEY and decision.kind is DecisionKind.APPROVE:
        raise NotYourOwnMoney


def decide(
    action: Action, decision: Decision, now: datetime, *, answered_for_by: UUID | None, run_read_untrusted: bool
) -> Action:
    """The decided action; the same if this very decision was recorded before.

    An edit approves, but where money is spent: then the action is proposed as edited, for somebody else to approve.

    Raises:
        AlreadyDecided: otherwise, or by someone else.
        ApprovalRequired: only a person may approve this, and none did.
        ArgumentsChanged, NotYourOwnMoney: see `check_vote`.
    """
    if _is_recorded(action, decision):
        return action
    check_vote(action, decision, answered_for_by)
    approves = decision.kind is not DecisionKind.REJECT
    if approves and decision.by is None and needs_person(action, run_read_untrusted=run_read_untrusted):
        raise ApprovalRequired
    if decision.kind is DecisionKind.EDIT and decision.by is None:
        raise ApprovalRequired("Only a person may edit the arguments.")
    if decision.edited_arguments is not None:
        action = replace(
            action,
            arguments=decision.edited_arguments,
            arguments_hash=action_hash(action.tool, decision.edited_arguments),
            proposed_arguments=action.arguments if action.proposed_arguments is None else action.proposed_arguments,
            edited_by=decision.by,
            updated_at=now,
        )
        if action.risk is Risk.MONEY:
            return action
    return replace(
        action,
        status=ActionStatus.APPROVED if approves else ActionStatus.REJECTED,
        decision_kind=decision.kind,
        decided_by=decision.by,
        decided_at=now,
        decision_note=decision.note,
        updated_at=now,
    )


def expire(action: Action, now: datetime) -> Action:
    """The action after the time to decide is over: never approved. The same if it has expired before.

    Raises:
        AlreadyDecided: someone was faster.
    """
    if action.status is ActionStatus.EXPIRED:
        return action
    if action.status is not ActionStatus.PROPOSED:
        raise AlreadyDecided(f"The action is {action.status.name} already.")
    return replace(action, status=ActionStatus.EXPIRED, decided_at=now, updated_at=now)


def advance(action: Action, status: ActionStatus, outcome: Any, now: datetime) -> Action:
    """The action in the next status; the same if it is there already, or was and has come to its end.

    Raises:
        InvalidTransition: that status cannot follow, or follows from a decision alone.
    """
    if action.status is status:
        return action
    if status is ActionStatus.EXECUTING and action.status in (ActionStatus.DONE, ActionStatus.FAILED):
        return action
    if status not in _NEXT.get(action.status, frozenset()):
        raise InvalidTransition(f"An action that is {action.status.name} cannot become {status.name}.")
    checked_json("outcome", outcome)
    return replace(action, status=status, outcome=outcome, updated_at=now)


def _is_recorded(action: Action, decision: Decision) -> bool:
    if decision.edited_arguments is not None:
        by_them = decision.by is not None and action.edited_by == decision.by
        return by_them and hash_of(action.arguments) == hash_of(decision.edited_arguments)
    return (
        action.decision_kind is decision.kind
        and action.decided_by == decision.by
        and action.arguments_hash == decision.arguments_hash
    )
