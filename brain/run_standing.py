"""A run token is held against the run that it names: what it was opened with, and what who asked for it may do now.

A worker's key signs whatever its holder likes. So the Brain believes no token beyond what the run's row says: the crew,
who asked, the scopes that they had. The run must be under way, and whoever asked, or wrote its schedule, must still
hold what the crew works with. Then the call carries `agents:act`, without which nothing is spent or written.

A run that has ended, or whose asker has lost those rights, keeps `agents:run`: how it ended must still be written down.
"""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from brain.caller import Caller
from brain.identity_client import IdentityClient
from brain.internal_subgraph import InternalSubgraph
from brain.recent import RecentAnswers
from brain.revocation import Revocations, mark_of_user
from brain.run_tokens import AGENT_RUN_SCOPE
from brain.tokens import InvalidCredential
from router.hooks import RequestRefused

__all__ = ["AGENT_ACT_SCOPE", "RunStandings"]

_log = logging.getLogger("brain.run_standing")

AGENT_ACT_SCOPE: Final = "agents:act"
"""A run that may spend and write. In no token: the Brain adds it."""

_ASKING_SCOPE: Final = "agents:write"
"""Who asked with it must still hold it, whatever the crew works with."""

_ROW_S: Final = 2.0
_OPENED_WITH_S: Final = 60.0
"""What a run was opened with never changes. Whether it is over does; a call that wants nothing but to write down what
the run does reaches the subgraph that knows, and is refused there, in the transaction that would write it."""
_MEMBER_S: Final = 10.0
_MAX_ENTRIES: Final = 10_000

_STANDING: Final = """
query AgentRunStanding($id: ID!) {
  agentRunStanding(id: $id) { crew scopes requestedBy answeredForBy isOver }
}
"""


@dataclass(frozen=True, slots=True)
class _Standing:
    crew: str
    scopes: frozenset[str]
    requested_by: str | None
    answered_for_by: str | None
    is_over: bool


class _NoRun(Exception):
    """There is no such run, yet."""


class RunStandings:
    """Judges run tokens; one for the life of the Brain.

    For calls that read or write the tenant's data, rows are remembered for two seconds, which is how long a run may act
    after its end; for those that write down what the run does, most of them, for a minute. What members may do is
    remembered for ten seconds, and forgotten at once when identity leaves a mark.

    Args:
        agents: the subgraph that keeps runs.
        identity: knows what members may do now.
        revocations: identity's marks.
        grants_of: the scopes that a crew's file grants, or None where there is no such crew.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        agents: InternalSubgraph,
        identity: IdentityClient,
        revocations: Revocations,
        grants_of: Callable[[str], Iterable[str] | None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._agents = agents
        self._identity = identity
        self._revocations = revocations
        self._grants_of = grants_of
        self._rows: RecentAnswers[tuple[str, str], _Standing] = RecentAnswers(_ROW_S, _MAX_ENTRIES, clock=clock)
        self._opened_with: RecentAnswers[tuple[str, str], _Standing] = RecentAnswers(
            _OPENED_WITH_S, _MAX_ENTRIES, clock=clock
        )
        self._members: RecentAnswers[tuple[str, str, int], frozenset[str] | None] = RecentAnswers(
            _MEMBER_S, _MAX_ENTRIES, clock=clock
        )

    async def admitted(self, caller: Caller) -> Caller:
        """The caller that a valid run token speaks for, with what it may do now.

        Raises:
            InvalidCredential: it asks for more than its run was opened with.
            RequestRefused: 403 AGENT_RUN_OVER or AGENT_RIGHTS_WITHDRAWN where it asks for more than to say how its run
                ended.
            SubgraphUnavailable, IdentityUnavailable, RevocationsUnavailable: nobody knows right now.
        """
        assert caller.tenant_id is not None
        assert caller.run_id is not None
        wanted = set(caller.scopes) - {AGENT_RUN_SCOPE}
        try:
            row = await self._row(caller, fresh=bool(wanted))
        except _NoRun:
            if wanted:
                raise InvalidCredential("The run token is for no run that there is.") from None
            return replace(caller, user_id=None)  # a schedule's run is about to be opened
        if row.crew != caller.crew or row.requested_by != caller.user_id or not wanted <= row.scopes:
            _log.error("a run token asks for more than its run was opened with", extra=_fields(caller))
            raise InvalidCredential("The run token asks for more than its run was opened with.")
        if row.is_over:
            return _silenced(caller, wanted, "AGENT_RUN_OVER", "The run has ended.")
        if not await self._still_holds(caller.tenant_id, row):
            _log.warning("whoever asked for the run may not do this any more", extra=_fields(caller))
            message = "Who asked for the run may not do this any more: it does nothing further."
            return _silenced(caller, wanted, "AGENT_RIGHTS_WITHDRAWN", message)
        return replace(caller, scopes=(*caller.scopes, AGENT_ACT_SCOPE))

    async def _row(self, caller: Caller, *, fresh: bool) -> _Standing:
        assert caller.tenant_id is not None
        assert caller.run_id is not None
        key = caller.tenant_id, caller.run_id

        async def recent() -> _Standing:
            return await self._rows.get(key, lambda: self._asked(caller))

        return await (recent() if fresh else self._opened_with.get(key, recent))

    async def _asked(self, caller: Caller) -> _Standing:
        asked = replace(caller, user_id=None, run_id=None)
        found = (await self._agents.ask(_STANDING, {"id": caller.run_id}, asked))["agentRunStanding"]
        if found is None:
            raise _NoRun
        return _Standing(
            found["crew"],
            frozenset(found["scopes"]),
            found["requestedBy"],
            found["answeredForBy"],
            found["isOver"],
        )

    async def _still_holds(self, tenant_id: str, row: _Standing) -> bool:
        person = row.answered_for_by
        if person is None:
            return True  # an API key asked: its rights are nobody's role
        mark = await self._revocations.of_user(mark_of_user(tenant_id, person))
        held = await self._members.get(
            (tenant_id, person, mark), lambda: self._identity.member_scopes(tenant_id, person)
        )
        if held is None:
            return False
        needed = row.scopes.intersection((*(self._grants_of(row.crew) or ()), _ASKING_SCOPE))
        return needed <= held


def _silenced(caller: Caller, wanted: set[str], code: str, message: str) -> Caller:
    if wanted:
        raise RequestRefused(message, code=code, status=403)
    return caller


def _fields(caller: Caller) -> dict[str, dict[str, str | None]]:
    return {"fields": {"tenant": caller.tenant_id, "run": caller.run_id, "crew": caller.crew}}
