"""Actions: a final status is never left, money needs a person who is not the one who asked."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.errors import DomainError
from subgraphs.agents.domain.actions import Action, Decision, Proposal, advance, decide, expire, propose
from subgraphs.agents.domain.errors import AlreadyDecided, ApprovalRequired, ArgumentsChanged, NotYourOwnMoney
from subgraphs.agents.domain.values import ActionStatus, DecisionKind, Risk, action_hash

NOW = datetime(2026, 5, 4, tzinfo=UTC)
ADA, BEN = UUID(int=1), UUID(int=2)
ARGUMENTS = {"amount": 3}
HASH = action_hash("tool", ARGUMENTS)


def action(risk: Risk = Risk.WRITE, *, read_untrusted: bool = False) -> Action:
    proposal = Proposal("tool", risk, ARGUMENTS, "Because.", read_untrusted)
    return propose(UUID(int=9), UUID(int=8), 0, proposal, NOW)


def decided(it: Action, decision: Decision, *, untrusted: bool = False) -> Action:
    return decide(it, decision, NOW, answered_for_by=ADA, run_read_untrusted=untrusted)


decisions = st.builds(
    lambda kind, by, right, edited: Decision(
        kind,
        HASH if right else "wrong",
        by,
        {"amount": edited} if kind is DecisionKind.EDIT else None,
    ),
    st.sampled_from(DecisionKind),
    st.sampled_from([None, ADA, BEN]),
    st.booleans(),
    st.integers(0, 2),
)
steps = st.one_of(decisions, st.just("expire"), st.sampled_from(ActionStatus))


@given(st.sampled_from(Risk), st.booleans(), st.lists(steps, max_size=8))
def test_whatever_happens(risk: Risk, untrusted: bool, happens: list[Any]) -> None:
    it = action(risk, read_untrusted=untrusted)
    for step in happens:
        before = it
        try:
            if isinstance(step, Decision):
                it = decided(it, step)
            elif step == "expire":
                it = expire(it, NOW)
            else:
                it = advance(it, step, None, NOW)
        except DomainError:
            assert it is before
        if before.status.is_final:
            assert it is before
        carried_out = it.status in {
            ActionStatus.APPROVED, ActionStatus.EXECUTING, ActionStatus.DONE, ActionStatus.FAILED
        }  # fmt: skip
        if carried_out:
            assert it.decision_kind in {DecisionKind.APPROVE, DecisionKind.EDIT}
            if risk is Risk.MONEY:
                assert it.decided_by is not None
                assert it.decided_by != (it.edited_by or ADA)
            if risk is Risk.WRITE and untrusted:
                assert it.decided_by is not None
        assert it.arguments_hash == action_hash(it.tool, it.arguments)


def test_each_rule_says_what_it_wants() -> None:
    right = HASH
    approve = Decision(DecisionKind.APPROVE, right)
    assert decided(action(), approve).status is ActionStatus.APPROVED
    with pytest.raises(ApprovalRequired):
        decided(action(Risk.MONEY), approve)
    with pytest.raises(ApprovalRequired):
        decided(action(), approve, untrusted=True)
    with pytest.raises(ArgumentsChanged):
        decided(action(), Decision(DecisionKind.APPROVE, "other"))
    with pytest.raises(NotYourOwnMoney):
        decided(action(Risk.MONEY), Decision(DecisionKind.APPROVE, right, ADA))
    assert decided(action(Risk.MONEY), Decision(DecisionKind.REJECT, right, ADA)).status is ActionStatus.REJECTED
    rejected = decided(action(), Decision(DecisionKind.REJECT, right, BEN))
    assert decided(rejected, Decision(DecisionKind.REJECT, right, BEN)) is rejected
    with pytest.raises(AlreadyDecided):
        decided(rejected, Decision(DecisionKind.REJECT, right, ADA))
    with pytest.raises(AlreadyDecided):
        expire(rejected, NOW)


def test_an_edit_keeps_what_was_proposed_and_can_be_repeated() -> None:
    edit = Decision(DecisionKind.EDIT, HASH, BEN, {"amount": 1})
    edited = decided(action(), edit)
    assert (edited.arguments, edited.proposed_arguments, edited.edited_by) == ({"amount": 1}, ARGUMENTS, BEN)
    assert edited.status is ActionStatus.APPROVED
    assert edited.arguments_hash == action_hash("tool", {"amount": 1})
    assert decided(edited, edit) is edited
    with pytest.raises(AlreadyDecided):
        decided(edited, Decision(DecisionKind.EDIT, HASH, BEN, {"amount": 2}))


def test_money_that_was_edited_needs_somebody_else() -> None:
    edit = Decision(DecisionKind.EDIT, HASH, BEN, {"amount": 9})
    edited = decided(action(Risk.MONEY), edit)
    shown = action_hash("tool", {"amount": 9})
    assert (edited.status, edited.decided_by) == (ActionStatus.PROPOSED, None)
    assert decided(edited, edit) is edited, "it is the same, sent again"
    with pytest.raises(NotYourOwnMoney):
        decided(edited, Decision(DecisionKind.APPROVE, shown, BEN))
    with pytest.raises(ArgumentsChanged):
        decided(edited, Decision(DecisionKind.APPROVE, HASH, ADA))
    approved = decided(edited, Decision(DecisionKind.APPROVE, shown, ADA))
    assert (approved.status, approved.edited_by, approved.decided_by) == (ActionStatus.APPROVED, BEN, ADA)
    assert decided(approved, edit) is approved, "told late, it changes nothing"
    again = decided(edited, Decision(DecisionKind.EDIT, shown, ADA, {"amount": 8}))
    assert (again.proposed_arguments, again.edited_by) == (ARGUMENTS, ADA)
    with pytest.raises(NotYourOwnMoney):
        decided(again, Decision(DecisionKind.APPROVE, action_hash("tool", {"amount": 8}), ADA))
