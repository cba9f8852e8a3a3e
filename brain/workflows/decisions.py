"""Who may decide what about a proposed action: the judgement of a run's workflow."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Final

from brain.workflows.messages import (
    Action,
    ActionStatus,
    Decision,
    DecisionKind,
    Proposal,
    Risk,
    RunInput,
    arguments_hash,
    needs_approval,
)

__all__ = ["APPROVE_SCOPE", "EDITS_SECONDED", "asked_about", "decided", "edits_money", "numbered", "objection_to"]

APPROVE_SCOPE: Final = "agents:approve"

EDITS_SECONDED: Final = "edited-money-is-approved-by-somebody-else"
"""The change since which a run's history says so; before it, who edited had approved."""


def numbered(proposals: Sequence[Proposal], first: int, *, read_untrusted: bool) -> list[Action]:
    """The proposals as actions of their run, with indexes from `first` on, as a person will be shown them."""
    return [
        Action(
            index,
            proposal.tool,
            proposal.risk,
            proposal.arguments,
            arguments_hash(proposal.tool, proposal.arguments),
            proposal.reason,
            read_untrusted,
        )
        for index, proposal in enumerate(proposals, start=first)
    ]


def asked_about(actions: Sequence[Action], *, approve_writes: bool, everything: bool) -> set[int]:
    """Indexes of the actions that a person must approve: those of the rule, or all of them."""
    return {
        action.index
        for action in actions
        if everything
        or needs_approval(action.risk, approve_writes=approve_writes, read_untrusted=action.read_untrusted)
    }


def edits_money(action: Action, decision: Decision) -> bool:
    """Whether other arguments are given for what spends money: nobody does that alone."""
    return decision.kind is DecisionKind.EDIT and action.risk is Risk.MONEY


def decided(action: Action, decision: Decision, *, stays_open: bool) -> Action:
    """The action after a decision that holds.

    Args:
        stays_open: it is proposed as edited, and somebody else approves it.
    """
    if decision.kind is DecisionKind.EDIT:
        edited = decision.edited_arguments or {}
        action = replace(action, arguments=edited, arguments_hash=arguments_hash(action.tool, edited))
        if stays_open:
            return replace(action, edited_by=decision.actor.user_id)
    rejects = decision.kind is DecisionKind.REJECT
    return replace(action, status=ActionStatus.REJECTED if rejects else ActionStatus.APPROVED)


def objection_to(
    decision: Decision, run: RunInput, actions: Sequence[Action], asked: AbstractSet[int]
) -> tuple[str, str] | None:
    """Code and message of what is wrong with a decision, or None if it holds.

    Args:
        actions: those of the run, by index.
        asked: indexes of those that a person is still asked about.
    """
    actor, kind = decision.actor, decision.kind
    if APPROVE_SCOPE not in actor.scopes:
        return "FORBIDDEN", f"The scope {APPROVE_SCOPE!r} is needed."
    if actor.user_id is None:
        return "FORBIDDEN", "Only a person may decide."
    if not 0 <= decision.index < len(actions):
        return "UNKNOWN_ACTION", "The run has no such action."
    if kind not in (DecisionKind.APPROVE, DecisionKind.EDIT, DecisionKind.REJECT):
        return "BAD_DECISION", "A person approves, edits or rejects."
    if (kind is DecisionKind.EDIT) != (decision.edited_arguments is not None):
        return "BAD_DECISION", "Edited arguments belong to EDIT, and to nothing else."
    if decision.index not in asked:
        return "ALREADY_DECIDED", "Nothing is to be decided about this action, or nothing any more."
    action = actions[decision.index]
    if decision.arguments_hash != action.arguments_hash:
        return "ARGUMENTS_CHANGED", "The arguments are not those that were decided on; look at them again."
    authors = (run.requested_by, run.answered_for_by) if action.edited_by is None else (action.edited_by,)
    if actor.user_id in authors and action.risk is Risk.MONEY and kind is DecisionKind.APPROVE:
        return "SELF_APPROVAL", "Who asked for this, or wrote the schedule or the arguments, may not approve the money."
    return None
