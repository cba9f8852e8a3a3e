"""Writes the demo data of both demo tenants: three runs that have ended and one to be started; texts."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, demo_id, demo_tenant_id
from resolvers.embeddings import EmbeddingProvider, EmbeddingSettings, MiniLMEmbeddings
from resolvers.session import Database
from subgraphs.agents.domain.actions import Decision, Proposal
from subgraphs.agents.domain.budgets import ALL_CREWS, Limit
from subgraphs.agents.domain.documents import Draft
from subgraphs.agents.domain.runs import Engine, Failure, Opening, Report
from subgraphs.agents.domain.values import (
    ActionStatus,
    DecisionKind,
    EngineKind,
    Risk,
    RunPhase,
    RunStatus,
    action_hash,
    run_id_of,
)
from subgraphs.agents.repository import budgets, documents, runs
from subgraphs.agents.repository.budgets import LimitRow
from subgraphs.agents.seed.texts import TEXTS
from subgraphs.agents.usecases.actions import propose_actions, record_action, record_decision
from subgraphs.agents.usecases.budgets import CallReport, record_call, reserve
from subgraphs.agents.usecases.documents import add_document
from subgraphs.agents.usecases.runs import open_run, report_run
from subgraphs.agents.usecases.work import Work

__all__ = ["seed"]

_START = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
_PLAYBOOK = Engine(EngineKind.PLAYBOOK)
_SCOPES = ("agents:read", "agents:write", "crm:read", "crm:write", "directory:read", "directory:write")


async def seed(database: Database, embeddings: EmbeddingProvider | None = None) -> None:
    """Writes each demo tenant's rows in one transaction, unless they were written before.

    What users changed since then stays changed.

    Args:
        database: as the owner of the tables, or as the app role.
        embeddings: another source of embeddings than the local all-MiniLM-L6-v2.
    """
    provider = embeddings or MiniLMEmbeddings.from_settings(EmbeddingSettings())
    for slug in TENANTS:
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            work = Work(session, now=_START)
            await work.lock()
            story = _Story(work, slug)
            (known,) = await runs.find_runs(session, [story.run_id("lead_scoring", "demo-1")])
            if known is None:
                await story.tell()
            wanted = {demo_id(slug, "document", key): Draft(title, text) for key, title, text in TEXTS[slug]}
            known_texts = await documents.find_documents(session, list(wanted))
            for (document_id, draft), text in zip(wanted.items(), known_texts, strict=True):
                if text is None:
                    await add_document(session, provider, draft, document_id=document_id)


class _Story:
    """The demo runs of one tenant, written by the use cases that write real ones."""

    def __init__(self, work: Work, slug: str) -> None:
        self._work = work
        self._slug = slug

    def run_id(self, crew: str, key: str) -> UUID:
        return run_id_of(demo_tenant_id(self._slug), crew, key)

    async def tell(self) -> None:
        limit = LimitRow(ALL_CREWS, Limit(hard_micros=25_000_000), 1, self._user("ada"), _START)
        await budgets.set_limit(self._work.session, limit)
        await self._scored("demo-1", "l001", 72)
        await self._scored("demo-2", "l002", 35)
        await self._failed()
        await self._left()

    async def _scored(self, key: str, lead: str, score: int) -> None:
        run_id = await self._opened(
            "lead_scoring", "crm", "scoreLead", key, {"input": {"leadId": self._id("lead", lead)}}, "ben"
        )
        await self._says(run_id, 1, phase=RunPhase.PLAN, engine=_PLAYBOOK, note="Weighing what is known of the lead.")
        reasons = ["Source: referral (+20)", "Can be reached by e-mail (+6)"]
        arguments = {
            "leadId": self._id("lead", lead),
            "value": score,
            "reasons": reasons,
            "engine": "PLAYBOOK",
            "model": None,
        }
        proposal = Proposal("record_lead_score", Risk.WRITE, arguments, "Source, value and activity say so.")
        await propose_actions(self._work, run_id, [proposal])
        decision = Decision(DecisionKind.APPROVE, action_hash("record_lead_score", arguments))
        await record_decision(self._work, run_id, 0, decision)
        await self._says(run_id, 2, phase=RunPhase.EXECUTE, progress=0.8)
        await record_action(self._work, run_id, 0, ActionStatus.EXECUTING, may_act=True)
        await record_action(
            self._work, run_id, 0, ActionStatus.DONE, {"lead": {"scoring": {"value": score}}}, may_act=True
        )
        await self._says(run_id, 3, status=RunStatus.SUCCEEDED, result={"value": score, "reasons": reasons})

    async def _failed(self) -> None:
        run_id = await self._opened("tenant_analyst", "agents", "analyseTenant", "demo-3", {}, "ada")
        await reserve(self._work, run_id, 40_000, "call-1", may_act=True)
        call = CallReport("call-1", "tenant_analyst", "gpt-4o-mini", 6_200, 410, 1_176)
        await record_call(self._work, run_id, call)
        engine = Engine(EngineKind.LLM, "gpt-4o-mini")
        failure = Failure("GUARDRAIL_FAILED", "The report named a number that the graph does not hold.")
        await self._says(run_id, 1, phase=RunPhase.PLAN, engine=engine, status=RunStatus.FAILED, error=failure)

    async def _left(self) -> None:
        """A run that nobody has started yet. The sweeper does, and then it waits for a decision: reviews are written by
        outsiders."""
        review = {"input": {"reviewId": self._id("review", "b011/dan")}}
        await self._opened("review_response", "directory", "draftReviewResponse", "demo-4", review, "ben")

    async def _opened(
        self, crew: str, subgraph: str, field: str, key: str, arguments: dict[str, Any], user: str
    ) -> UUID:
        opening = Opening(
            crew=crew,
            subgraph=subgraph,
            field=field,
            key=key,
            risk=Risk.WRITE,
            arguments=arguments,
            scopes=_SCOPES,
            requested_by=self._user(user),
        )
        opened = await open_run(self._work, opening)
        assert opened.run is not None
        return opened.run.id

    async def _says(self, run_id: UUID, seq: int, **news: Any) -> None:
        await report_run(self._work, run_id, Report(seq=seq, **news))

    def _user(self, key: str) -> UUID:
        return demo_id(self._slug, "user", key)

    def _id(self, kind: str, key: str) -> str:
        return str(demo_id(self._slug, kind, key))
