"""The rules of playbooks: what must hold whatever a tenant's data are, and what stated rules give for stated cases."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.crews import load_crews
from brain.crews.actions import propose
from brain.crews.guardrails import GUARDRAILS, Case, response_problems
from brain.crews.outputs import OUTPUTS
from brain.crews.playbooks import PLAYBOOKS, Given, lead_scoring, support_answer
from brain.crews.playbooks.review_response import topics_of
from brain.crews.task import EngineUsed
from brain.crews.tools import Evidence, ToolCall
from tests.brain.crews import world
from tests.brain.crews.world import NOW

TEXT = st.text(max_size=80)
MOMENTS = st.integers(0, 700 * 24 * 60).map(
    lambda minutes: (datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)).isoformat()
)


def play(
    crew: str, task: str, tools: dict[str, Any], run_input: Any = None, earlier: Any = None, now: datetime = NOW
) -> tuple[dict[str, Any], Evidence]:
    """The playbook's output, with what it has read."""
    evidence = Evidence()
    steps = PLAYBOOKS[crew, task](Given(run_input or {}, earlier or {}, now))
    try:
        call = next(steps)
        while True:
            evidence.calls.append(ToolCall(call.tool, call.arguments, tools[call.tool]))
            call = steps.send(tools[call.tool])
    except StopIteration as end:
        return end.value, evidence


def checked(
    output: str, guardrails: tuple[str, ...], value: dict[str, Any], evidence: Evidence, earlier: Any = None
) -> None:
    """That an output satisfies its model and keeps its rules."""
    model = OUTPUTS[output].model_validate(json.loads(json.dumps(value)))
    case = Case(evidence, earlier or {})
    assert [problem for name in guardrails for problem in GUARDRAILS[name](model, case)] == []


LEADS = st.fixed_dictionaries(
    {
        "id": st.just(world.LEAD),
        "status": st.just("OPEN"),
        "source": st.sampled_from([*lead_scoring.SOURCES]),
        "valueMinor": st.integers(0, 2**31 - 1),
        "currency": st.sampled_from(["USD", "EUR"]),
        "email": st.booleans(),
        "phone": st.booleans(),
        "company": st.booleans(),
        "notes": st.none() | TEXT,
        "createdAt": MOMENTS,
        "stage": st.fixed_dictionaries({"name": st.text(max_size=100), "probability": st.integers(0, 100)}),
        "business": st.none()
        | st.fixed_dictionaries(
            {"rating": st.fixed_dictionaries({"average": st.none() | st.floats(1, 5), "count": st.integers(0, 9)})}
        ),
        "activities": st.lists(st.none() | MOMENTS, max_size=6).map(lambda found: world.activities(*found)),
    }
)


@given(LEADS, st.sampled_from(["WON", "LOST"]))
def test_a_closed_lead_is_not_scored_and_nothing_is_proposed(lead: dict[str, Any], status: str) -> None:
    output, evidence = play("lead_scoring", "score", {"read_lead": {"lead": {**lead, "status": status}}})
    checked("LeadScoreOutput", ("lead_was_read", "closed_leads_have_no_score", "reasons_differ"), output, evidence)
    assert output["value"] is None
    assert status.lower() in output["summary"]
    assert propose(load_crews()["lead_scoring"], "score", {"leadId": "l"}, output, EngineUsed("PLAYBOOK")) == ()


@pytest.mark.parametrize(("status", "value"), [("WON", 71), ("LOST", 0), ("OPEN", None)])
def test_no_engine_scores_what_is_closed_or_leaves_out_what_is_open(status: str, value: int | None) -> None:
    evidence = Evidence()
    evidence.calls.append(ToolCall("read_lead", {}, {"lead": world.lead(status=status)}))
    output = OUTPUTS["LeadScoreOutput"].model_validate({"value": value, "summary": "So.", "reasons": ["Why."]})
    (problem,) = GUARDRAILS["closed_leads_have_no_score"](output, Case(evidence, {}))
    assert status.lower() in problem


@given(LEADS)
def test_any_lead_has_a_score_with_reasons_that_make_it(lead: dict[str, Any]) -> None:
    output, evidence = play("lead_scoring", "score", {"read_lead": {"lead": lead}})
    checked("LeadScoreOutput", ("lead_was_read", "closed_leads_have_no_score", "reasons_differ"), output, evidence)
    said = [int(found.group(1)) for reason in output["reasons"] if (found := re.search(r"\(([+-]?\d+)\)$", reason))]
    assert len(said) == len(output["reasons"])
    assert min(100, max(0, sum(said))) == output["value"]
    assert [abs(number) for number in said] == sorted((abs(number) for number in said), reverse=True)


@given(LEADS, TEXT)
def test_notes_play_no_part(lead: dict[str, Any], notes: str) -> None:
    first, _ = play("lead_scoring", "score", {"read_lead": {"lead": lead}})
    second, _ = play("lead_scoring", "score", {"read_lead": {"lead": {**lead, "notes": notes}}})
    assert first == second


@given(LEADS, st.integers(0, 2**31 - 1), st.integers(0, 100))
def test_more_is_never_worth_less(lead: dict[str, Any], value: int, probability: int) -> None:
    def value_of(changed: dict[str, Any]) -> int:
        return int(play("lead_scoring", "score", {"read_lead": {"lead": changed}})[0]["value"])

    before = value_of(lead)
    assert value_of({**lead, "valueMinor": max(value, lead["valueMinor"])}) >= before
    better = max(probability, lead["stage"]["probability"])
    assert value_of({**lead, "stage": {**lead["stage"], "probability": better}}) >= before
    assert value_of({**lead, "email": True, "phone": True, "company": True}) >= before
    done = world.activities(*(node["node"]["completedAt"] for node in lead["activities"]["edges"]), NOW.isoformat())
    assert value_of({**lead, "activities": done}) >= before


def test_the_best_lead_has_a_hundred_points_and_the_worst_none() -> None:
    best = world.lead(
        valueMinor=10_000_000,
        phone="1",
        stage={"name": "Negotiation", "probability": 100},
        business={"rating": {"average": 4.5, "count": 3}},
        activities=world.activities(*(NOW - timedelta(days=day) for day in ())),
    )
    best["activities"] = world.activities(*[(NOW - timedelta(days=day)).isoformat() for day in (1, 2, 3)])
    assert play("lead_scoring", "score", {"read_lead": {"lead": best}})[0]["value"] == 100
    worst = world.lead(
        source="IMPORT",
        valueMinor=0,
        email=None,
        company=None,
        stage={"name": "New", "probability": 0},
        createdAt="2025-01-01T00:00:00+00:00",
        activities=world.activities(),
    )
    output, _ = play("lead_scoring", "score", {"read_lead": {"lead": worst}})
    assert (output["value"], output["reasons"][0]) == (0, "Nothing was done in 60 days (-15)")


REVIEWS = st.builds(
    lambda rating, title, body, name: {
        "review": {"rating": rating, "title": title, "body": body, "business": {"name": name}}
    },
    st.integers(1, 5),
    TEXT,
    TEXT | st.sampled_from(["Slow and loud.", "Friendly staff, fair price, closed early"]),
    st.text(min_size=1, max_size=200),
)


@given(REVIEWS)
def test_any_review_has_a_response_that_keeps_the_rules(data: dict[str, Any]) -> None:
    draft, evidence = play("review_response", "draft", {"read_review": data})
    checked("ReviewDraftOutput", ("review_was_read", "response_is_safe"), draft, evidence)
    final, evidence = play("review_response", "check", {}, earlier={"draft": draft})
    checked("ReviewResponseOutput", ("response_is_safe",), final, evidence)
    assert (final["text"], final["changes"]) == (draft["text"].strip(), [])


@given(st.text(min_size=1, max_size=400).filter(str.strip))
def test_whatever_a_draft_holds_it_goes_out_safe(text: str) -> None:
    for draft in (text, f"Thank you. {text} Visit www.evil.com! Call +49 30 1234567. You get a refund."):
        final, evidence = play("review_response", "check", {}, earlier={"draft": {"text": draft}})
        checked("ReviewResponseOutput", ("response_is_safe",), final, evidence)
    assert final["changes"]
    assert "Thank you." in final["text"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We will refund you.", ["money or a gift"]),
        ("Take 20 $ off.", ["money or a gift"]),
        ("See https://x.example/a", ["a link"]),
        ("Mail ada@x.example", ["a link", "an e-mail address"]),
        ("Call 030 1234567", ["a telephone number"]),
        ("Thank you; we are open until 9.", []),
    ],
)
def test_what_a_response_must_not_hold(text: str, found: list[str]) -> None:
    assert response_problems(text) == found


def test_topics() -> None:
    assert topics_of("Waited an hour, the waiter was rude and it was LOUD.") == ["waiting", "staff", "noise"]
    assert topics_of("Nothing to say.") == []


PASSAGES = [
    {
        "document": {"id": "d1", "title": "Returns"},
        "text": "You can return goods within 30 days. Keep the receipt.\nShipping back is on us.",
    },
    {"document": {"id": "d2", "title": "Opening hours"}, "text": "We open at nine. On Sundays we are closed."},
]


def ask(question: str, passages: Any = PASSAGES) -> tuple[dict[str, Any], Evidence]:
    data = {"searchAgentDocuments": passages}
    return play("support_answer", "answer", {"search_documents": data}, {"question": question})


def test_an_answer_is_what_the_texts_say() -> None:
    output, _ = ask("Within how many days can I return something?")
    assert output["answered"]
    assert output["answer"].startswith("You can return goods within 30 days.")
    assert output["citations"][0] == {
        "documentId": "d1",
        "title": "Returns",
        "quote": "You can return goods within 30 days.",
    }
    output, _ = ask("Are you closed on Sundays?")
    assert output["answer"] == "On Sundays we are closed."


def test_what_the_texts_do_not_say_is_not_answered() -> None:
    for question in ("Who won the election in France?", "", "???"):
        output, _ = ask(question)
        assert output == {"answered": False, "answer": support_answer.NOT_SAID, "citations": []}
    assert not ask("Can I return goods?", [])[0]["answered"]


@given(TEXT, st.lists(st.tuples(st.sampled_from("abc"), TEXT, st.text(max_size=300)), max_size=5))
def test_every_word_of_an_answer_is_cited(question: str, found: list[tuple[str, str, str]]) -> None:
    passages = [{"document": {"id": key, "title": title}, "text": text} for key, title, text in found]
    output, evidence = ask(question, passages)
    checked("SupportAnswerOutput", ("quotes_are_there",), output, evidence)
    if output["answered"]:
        assert output["answer"] == " ".join(citation["quote"] for citation in output["citations"])


COUNTS = st.integers(0, 10**6)


@given(
    st.fixed_dictionaries(dict.fromkeys(("open", "won", "lost", "unassigned", "hot", "contacts"), COUNTS)),
    st.lists(st.none() | st.floats(1, 5).map(lambda value: round(value, 2)), max_size=10),
)
def test_a_report_has_no_number_but_those_of_the_graph(counts: dict[str, int], ratings: list[float | None]) -> None:
    leads = {name: {"totalCount": number} for name, number in counts.items()}
    nodes = [{"node": {"rating": {"average": rating}}} for rating in ratings]
    directory = {"all": {"totalCount": len(ratings)}, "rated": {"edges": nodes}}
    tools = {"read_lead_numbers": leads, "read_directory_numbers": directory}
    gathered, evidence = play("tenant_analyst", "gather", tools)
    checked("TenantFiguresOutput", ("figures_were_read", "figures_are_right"), gathered, evidence)
    earlier = {"gather": gathered}
    report, evidence = play("tenant_analyst", "report", {}, earlier=earlier)
    checked("TenantReportOutput", ("figures_are_known",), report, evidence, earlier)


RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.uuids().map(str),
            "crew": st.sampled_from(["lead_scoring", "support_answer", "incident_healer"]),
            "status": st.sampled_from(["QUEUED", "RUNNING", "FAILED", "SUCCEEDED", "WAITING_FOR_APPROVAL"]),
            "createdAt": MOMENTS,
            "error": st.none()
            | st.fixed_dictionaries({"code": st.sampled_from(["CREW_TIMED_OUT", "CREW_GUARDRAIL_FAILED"])}),
        }
    ),
    max_size=8,
    unique_by=lambda run: run["id"],
)


@given(RUNS, st.integers(0, 100), st.integers(0, 100))
def test_remedies_are_for_what_is_wrong(runs: list[dict[str, Any]], spent: int, hard: int) -> None:
    health = {
        "agentRuns": {"edges": [{"node": run} for run in runs]},
        "agentBudgets": [{"crew": None, "period": "2026-06", "hardMicros": hard, "spentMicros": spent}],
    }
    found, evidence = play("incident_healer", "diagnose", {"read_health": health})
    checked("IncidentsOutput", ("incidents_are_seen",), found, evidence)
    earlier = {"diagnose": found}
    output, evidence = play("incident_healer", "propose", {}, earlier=earlier)
    checked("RemediesOutput", ("remedies_fit",), output, evidence, earlier)
    by_id = {run["id"]: run for run in runs}
    for remedy in output["retry"]:
        assert by_id[remedy["subject"]]["error"]["code"] == "CREW_TIMED_OUT"
    for remedy in output["cancel"]:
        assert by_id[remedy["subject"]]["status"] in ("QUEUED", "RUNNING")
    assert len(output["stop"]) == (1 if spent > hard else 0)
    assert all(by_id[item["subject"]]["crew"] != "incident_healer" for item in output["retry"] + output["cancel"])
    waiting = {run["id"] for run in runs if run["status"] in ("WAITING_FOR_APPROVAL", "SUCCEEDED")}
    assert not waiting & {incident["subject"] for incident in found["incidents"]}
