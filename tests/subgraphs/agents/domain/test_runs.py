"""The state machine of runs: a final status is never left, phases never go back, repetitions change nothing."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.agents.domain.errors import InvalidTransition, InvalidValue, RunOver
from subgraphs.agents.domain.runs import Engine, Opening, Report, Run, cancel, open_run, report
from subgraphs.agents.domain.values import EngineKind, Risk, RunPhase, RunStatus, run_id_of

NOW = datetime(2026, 5, 4, tzinfo=UTC)
TENANT = UUID(int=7)
PHASES = list(RunPhase)


def new_run() -> Run:
    opening = Opening("lead_scoring", "crm", "scoreLead", "k", Risk.WRITE, {})
    return open_run(run_id_of(TENANT, "lead_scoring", "k"), opening, NOW, dry_run=False)


reports = st.builds(
    Report,
    seq=st.integers(1, 12),
    phase=st.none() | st.sampled_from(RunPhase),
    status=st.none() | st.sampled_from([status for status in RunStatus if status is not RunStatus.QUEUED]),
    progress=st.none() | st.floats(0, 1),
    read_untrusted=st.none() | st.booleans(),
    result=st.none() | st.integers(),
)


@given(st.lists(reports, max_size=12))
def test_whatever_is_reported(news: list[Report]) -> None:
    run = new_run()
    for item in news:
        before = run
        try:
            run = report(run, item, NOW)
        except RunOver:
            assert before.status.is_final
            assert item.seq > before.seq
            continue
        except InvalidTransition:
            assert not before.status.is_final
            continue
        if item.seq <= before.seq:
            assert run is before
            continue
        assert not before.status.is_final
        assert PHASES.index(run.phase) >= PHASES.index(before.phase)
        assert run.progress >= before.progress
        assert run.read_untrusted >= before.read_untrusted
        assert run.seq == item.seq
        assert (run.phase is RunPhase.DONE) == run.status.is_final == (run.ended_at is not None)
        assert run.started_at is not None
        # Once more is a repetition.
        assert report(run, item, NOW) is run


@given(st.sampled_from([status for status in RunStatus if status.is_final]), reports)
def test_a_final_status_is_never_left(status: RunStatus, item: Report) -> None:
    run = report(new_run(), Report(seq=1, status=status), NOW)
    try:
        after = report(run, item, NOW)
    except RunOver:
        return
    assert after is run


def test_only_a_queued_run_is_cancelled_without_its_workflow() -> None:
    run = new_run()
    cancelled = cancel(run, NOW)
    assert cancelled.status is RunStatus.CANCELLED
    assert cancel(cancelled, NOW) is cancelled
    with pytest.raises(InvalidTransition):
        cancel(report(run, Report(seq=1), NOW), NOW)
    with pytest.raises(RunOver):
        cancel(report(run, Report(seq=1, status=RunStatus.FAILED), NOW), NOW)


def test_an_engine_names_its_model_if_it_has_one() -> None:
    assert Engine(EngineKind.LLM, " m ").model == "m"
    for kind, model in ((EngineKind.LLM, None), (EngineKind.LLM, " "), (EngineKind.PLAYBOOK, "m")):
        with pytest.raises(InvalidValue):
            Engine(kind, model)


def test_the_same_key_means_the_same_run_of_the_same_tenant_and_crew() -> None:
    ids = {
        run_id_of(tenant, crew, key) for tenant in (TENANT, UUID(int=8)) for crew in ("a", "b") for key in ("k", "l")
    }
    assert len(ids) == 8
    assert run_id_of(TENANT, "a", "k") == run_id_of(TENANT, "a", "k")
