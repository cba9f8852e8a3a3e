"""The rules of the domain, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.errors import DomainError
from subgraphs.crm import domain
from subgraphs.crm.domain import (
    Activity,
    ActivityKind,
    ContactDetails,
    Lead,
    LeadDetails,
    LeadSource,
    LeadStatus,
    Stage,
    StageDraft,
    errors,
)
from subgraphs.crm.domain.values import checked_email, checked_moment, required_text

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
PIPELINE = UUID(int=1)
STAGES = domain.draft_stages(
    PIPELINE,
    [
        (UUID(int=10), StageDraft("Idea", probability=10)),
        (UUID(int=11), StageDraft("Talk", probability=40)),
        (UUID(int=12), StageDraft("Won", LeadStatus.WON, 7)),
        (UUID(int=13), StageDraft("Lost", LeadStatus.LOST, 7)),
        (UUID(int=14), StageDraft("Spam", LeadStatus.LOST)),
    ],
)
IDEA, TALK, WON, LOST, SPAM = STAGES


def new_lead() -> Lead:
    return domain.open_lead(UUID(int=2), LeadDetails("Ada", LeadSource.EVENT), IDEA, NOW)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["move", "assign", "convert", "edit"]),
            st.sampled_from(STAGES),
            st.sampled_from([None, "No"]),
        ),
        max_size=25,
    )
)
def test_whatever_happens_to_a_lead_its_invariants_hold(events):
    lead = new_lead()
    for number, (event, stage, reason) in enumerate(events, start=1):
        now = NOW + timedelta(hours=number)
        before = lead
        try:
            if event == "move":
                lead = domain.enter_stage(lead, stage, reason, now)
            elif event == "assign":
                lead = domain.assign(lead, stage.id if reason else None, now)
            elif event == "convert":
                lead = domain.convert(lead, UUID(int=77), now)
            else:
                contact = UUID(int=78) if reason else None
                lead = domain.edit(lead, LeadDetails("Ada", LeadSource.EVENT, score=number), None, contact, now)
        except DomainError:
            assert lead is before
        stage_now = next(stage for stage in STAGES if stage.id == lead.stage_id)
        assert lead.status is stage_now.status
        assert (lead.closed_at is None) == (lead.status is LeadStatus.OPEN)
        assert (lead.lost_reason is not None) == (lead.status is LeadStatus.LOST)
        assert lead.contact_id is not None or (lead.status is not LeadStatus.WON and lead.converted_at is None)
        if lead is not before:
            assert (lead.version, lead.updated_at) == (before.version + 1, now)


def test_moving_to_where_it_is_changes_nothing():
    lead = new_lead()
    assert domain.enter_stage(lead, IDEA, None, LATER) is lead


def test_closing_keeps_the_moment_and_the_reason():
    lost = domain.enter_stage(new_lead(), LOST, " Budget ", LATER)
    assert (lost.closed_at, lost.lost_reason) == (LATER, "Budget")
    with pytest.raises(errors.LeadClosed):
        domain.enter_stage(lost, SPAM, "Spam", LATER)
    with pytest.raises(errors.LeadClosed):
        domain.enter_stage(replace(lost, contact_id=uuid4()), WON, None, LATER)


def test_a_stage_of_another_pipeline_is_refused():
    with pytest.raises(errors.StageNotInPipeline):
        domain.enter_stage(new_lead(), replace(TALK, pipeline_id=UUID(int=9)), None, LATER)


def test_closing_stages_have_certain_probabilities():
    assert [stage.probability for stage in STAGES] == [10, 40, 100, 0, 0]
    with pytest.raises(errors.InvalidValue):
        StageDraft("Idea", probability=101)


@given(st.permutations(STAGES))
def test_an_order_of_stages_is_taken_if_open_ones_come_first(order):
    ids = [stage.id for stage in order]
    closing = [stage.status is not LeadStatus.OPEN for stage in order]
    if closing == [False, False, True, True, True]:
        ordered = domain.reorder_stages(STAGES, ids)
        assert [stage.id for stage in ordered] == ids
        assert [stage.position for stage in ordered] == [0, 1, 2, 3, 4]
    else:
        with pytest.raises(errors.InvalidStageOrder):
            domain.reorder_stages(STAGES, ids)


@given(st.sampled_from(LeadStatus), st.none() | st.integers(-1, 6))
def test_a_stage_more_leaves_positions_without_gaps(status, position):
    try:
        stages = domain.add_stage(STAGES, UUID(int=20), StageDraft("New", status), position)
    except errors.InvalidStageOrder:
        assert status is LeadStatus.OPEN if position > 2 else position < 2
    except errors.InvalidValue:
        assert position not in range(6)
    else:
        assert [stage.position for stage in stages] == list(range(6))
        assert [stage.id for stage in stages if stage.id != UUID(int=20)] == [stage.id for stage in STAGES]
        expected = position if position is not None else (2 if status is LeadStatus.OPEN else 5)
        assert stages[expected].id == UUID(int=20)


def test_names_of_stages_are_compared_as_the_index_does():
    with pytest.raises(errors.DuplicateName):
        domain.rename_stage(STAGES, TALK.id, " iDEA ")
    assert domain.rename_stage(STAGES, TALK.id, "TALK").name == "TALK"


@pytest.mark.parametrize(
    "text", ["a@b.example", "First.Last+tag@sub.domain.example", "ü@bücher.example", "o'hara@x.ie"]
)
def test_addresses(text):
    assert checked_email("email", f" {text} ") == text


@pytest.mark.parametrize(
    "text", ["a", "@b.example", "a@", "a@b", "a@b..example", "a b@c.example", "a@b@c.example", "a@.example", "a,b@c.de"]
)
def test_what_is_no_address(text):
    with pytest.raises(errors.InvalidValue) as refused:
        checked_email("email", text)
    assert refused.value.path == ("input", "email")


@pytest.mark.parametrize("text", ["nul\0", "half \ud83d", "\udc00"])
def test_text_that_cannot_be_stored_is_refused(text):
    with pytest.raises(errors.InvalidValue):
        required_text("name", text, 100)


def test_blank_means_none_for_what_is_optional():
    contact = ContactDetails(" Ada ", email="  ", phone="", company=" Engines ")
    assert (contact.name, contact.email, contact.phone, contact.company) == ("Ada", None, None, "Engines")


def test_moments_are_in_utc():
    assert checked_moment("at", datetime(2026, 1, 1)) == NOW  # noqa: DTZ001
    east = timezone(timedelta(hours=2))
    assert checked_moment("at", datetime(2026, 1, 1, 2, tzinfo=east)).isoformat() == "2026-01-01T00:00:00+00:00"
    with pytest.raises(errors.InvalidValue):
        checked_moment("at", datetime(1, 1, 1, tzinfo=east))


def test_versions():
    errors.check_version(3, None)
    errors.check_version(3, 3)
    with pytest.raises(errors.VersionConflict, match="version 3 now"):
        errors.check_version(3, 2)


@given(
    kind=st.sampled_from(ActivityKind),
    offset=st.integers(-3, 3),
    completed=st.none() | st.booleans(),
)
def test_what_lies_ahead_is_not_done(kind, offset, completed):
    at = NOW + timedelta(hours=offset)
    done = completed if completed is not None else offset <= 0

    def log() -> Activity:
        return domain.log_activity(uuid4(), kind, "Call", NOW, lead_id=UUID(int=1), occurs_at=at, completed=completed)

    if (done and offset > 0) or (kind is ActivityKind.NOTE and not done):
        with pytest.raises(errors.InvalidValue):
            log()
        return
    activity = log()
    assert activity.occurs_at == at
    assert activity.completed_at == (at if done else None)
    if done:
        with pytest.raises(errors.ActivityAlreadyCompleted):
            domain.complete(activity, LATER)
    else:
        assert domain.complete(activity, LATER).completed_at == LATER


def test_all_codes_differ():
    classes = [getattr(errors, name) for name in errors.__all__ if isinstance(getattr(errors, name), type)]
    codes = [error.code for error in classes]
    assert len(set(codes)) == len(codes)
    assert all(error.typed and error.__doc__ for error in classes)


def test_stage_is_plain_data():
    assert Stage(UUID(int=10), PIPELINE, "Idea", LeadStatus.OPEN, 0, 10) == IDEA
