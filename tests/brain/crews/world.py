"""A graph for crews: the real supergraph's schema over a tenant's data that a test writes, and a book of money."""

# ruff: noqa: A002, A006 (arguments of GraphQL fields)

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, graphql_sync, parse

from brain.crews.errors import BudgetExceeded, GraphRefused
from brain.crews.meter import Meter
from brain.crews.task import CrewEvent, CrewTask, EngineChoice, LlmCall
from router.graph.api_schema import build_api_schema

SUPERGRAPH = Path(__file__).parents[3] / "schema" / "supergraph.graphql"
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
LEAD = "0190a000-0000-7000-8000-000000000001"
REVIEW = "0190a000-0000-7000-8000-000000000002"
RUN = "0190a000-0000-5000-8000-000000000003"


@cache
def schema() -> GraphQLSchema:
    """What clients of the Brain see."""
    return build_api_schema(parse(SUPERGRAPH.read_text()))


@dataclass
class Graph:
    """Answers operations from `root`, whose callables take (info, **arguments); validates them first."""

    root: dict[str, Any]
    operations: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def execute(self, document: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        self.operations.append((document, dict(variables)))
        result = graphql_sync(schema(), document, root_value=self.root, variable_values=dict(variables))
        if result.errors:
            error = result.errors[0]
            raise GraphRefused(str((error.extensions or {}).get("code", "GRAPHQL_VALIDATION_FAILED")), error.message)
        return json.loads(json.dumps(result.data))  # type: ignore[no-any-return]

    @property
    def writes(self) -> list[str]:
        return [document for document, _ in self.operations if document.lstrip().startswith("mutation")]


@dataclass
class Book:
    """The tenant's budget: what is left, what is set aside and what was written down."""

    left_micros: int = 10**9
    reserved: dict[str, int] = field(default_factory=dict)
    calls: dict[str, LlmCall] = field(default_factory=dict)

    async def reserve(self, run_id: str, call_id: str, micros: int) -> None:
        if micros > self.left_micros:
            raise BudgetExceeded(micros, None)
        self.left_micros -= micros
        self.reserved[call_id] = micros

    async def record(self, run_id: str, call: LlmCall) -> None:
        if call.call_id not in self.calls:
            self.calls[call.call_id] = call
            self.left_micros += self.reserved.pop(call.call_id) - call.micros


def lead(**changes: Any) -> dict[str, Any]:
    """A lead in the middle of everything."""
    return {
        "id": LEAD,
        "status": "OPEN",
        "source": "REFERRAL",
        "score": 0,
        "valueMinor": 5_000_000,
        "currency": "EUR",
        "email": "ada@byron.example",
        "phone": None,
        "company": "Byron Mills",
        "notes": None,
        "createdAt": "2026-06-01T09:00:00+00:00",
        "stage": {"name": "Proposal", "probability": 60},
        "business": None,
        "activities": activities("2026-06-20T10:00:00+00:00", "2026-06-25T10:00:00+00:00", None),
        **changes,
    }


def activities(*completed: str | None) -> dict[str, Any]:
    nodes = [
        {"kind": "CALL", "occursAt": when or "2026-07-01T09:00:00+00:00", "completedAt": when} for when in completed
    ]
    return {"totalCount": len(nodes), "edges": [{"node": node} for node in nodes]}


def review(**changes: Any) -> dict[str, Any]:
    """A bad review of a good place."""
    return {
        "id": REVIEW,
        "rating": 2,
        "title": "Not my place",
        "body": "Loud, and we waited forty minutes.",
        "createdAt": "2026-06-01T09:00:00+00:00",
        "response": None,
        "business": {
            "id": "b",
            "name": "Padaria Central",
            "category": {"name": "Bakery"},
            "rating": {"average": 4.2, "count": 9},
        },
        **changes,
    }


def crm(found: dict[str, Any] | None = None) -> Graph:
    """A graph with one lead, which is found by its id alone."""
    one = lead() if found is None else found
    return Graph({"lead": lambda info, id: one if id == one["id"] else None})


def directory(found: dict[str, Any] | None = None) -> Graph:
    """A graph with one review."""
    one = review() if found is None else found
    return Graph({"review": lambda info, id: one if id == one["id"] else None})


def numbers(**changes: int) -> Graph:
    """A graph that can be counted."""
    counted = {"open": 40, "won": 9, "lost": 6, "unassigned": 7, "hot": 3, "contacts": 60, "businesses": 4, **changes}

    def leads(info: Any, filter: Any = None, **_: Any) -> dict[str, Any]:
        if filter.get("assigned") is False:
            name = "unassigned"
        else:
            name = "hot" if filter.get("score") else str(filter["status"][0]).lower()
        return {"totalCount": counted[name], "edges": []}

    ratings = [4.5, 2.0, None, 3.5]
    nodes = [{"id": f"b{n}", "rating": {"average": rating, "count": 1}} for n, rating in enumerate(ratings)]
    return Graph(
        {
            "leads": leads,
            "contacts": lambda info, **_: {"totalCount": counted["contacts"]},
            "businesses": lambda info, **_: {
                "totalCount": counted["businesses"],
                "edges": [{"node": node} for node in nodes],
            },
        }
    )


def texts(*passages: tuple[str, str, str]) -> Graph:
    """A graph in which every question finds the same passages: document's id, title, text."""
    found = [
        {"text": text, "similarity": 0.5, "document": {"id": key, "title": title}} for key, title, text in passages
    ]
    return Graph({"searchAgentDocuments": lambda info, **_: found})


def health(*runs: dict[str, Any], spent: int = 0) -> Graph:
    """A graph with runs, and a budget of 1000."""
    budget = {"crew": None, "period": "2026-06", "hardMicros": 1000, "spentMicros": spent, "reservedMicros": 0}
    edges = [{"node": {"phase": "PLAN", "error": None, **run}} for run in runs]
    catalogue = {"integrations": [{"name": "stripe", "state": "FAILED"}, {"name": "slack", "state": "CONNECTED"}]}
    return Graph(
        {
            "agentRuns": lambda info, **_: {"edges": edges},
            "agentBudgets": lambda info, **_: [budget],
            "agentCatalogue": catalogue if runs else {"integrations": []},
        }
    )


def task(crew: str, name: str, engine: EngineChoice | None = None, **values: Any) -> CrewTask:
    """A task of a run."""
    return CrewTask(
        tenant="0190a000-0000-7000-8000-00000000000a",
        run_id=RUN,
        crew=crew,
        task=name,
        asked_at=NOW,
        engine=engine or EngineChoice.playbook("no language model is set up"),
        **values,
    )


@dataclass
class Story:
    """What was told, and the money."""

    events: list[CrewEvent] = field(default_factory=list)
    book: Book = field(default_factory=Book)

    def meter(self, limit_micros: int = 10**9) -> Meter:
        return Meter(self.book, RUN, limit_micros)

    def __call__(self, event: CrewEvent) -> None:
        self.events.append(event)

    def kinds(self) -> list[str]:
        return [event.kind for event in self.events]
