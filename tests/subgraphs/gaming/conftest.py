from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import SecretStr

from subgraphs.gaming.app import create_app

_KEYS = count()
_INPUTS = dict.fromkeys(
    ("registerForTournament", "withdrawFromTournament", "startTournament", "cancelTournament"), "TournamentIdInput"
)


@dataclass(frozen=True)
class Tenant:
    """A tenant that only one test knows."""

    subgraph: Any
    id: UUID
    players: dict[str, tuple[UUID, str]] = field(default_factory=dict)

    async def data(self, query: str, variables: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        data: dict[str, Any] = await self.subgraph.data(query, variables, tenant=self.id, **caller)
        return data

    async def mutate(self, mutation: str, selection: str, by: UUID | str = "ada", **values: Any) -> dict[str, Any]:
        """The payload of a mutation, with its errors; `by` is the account that asks."""
        kind = _INPUTS.get(mutation) or mutation[0].upper() + mutation[1:] + "Input"
        query = (
            f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ {selection} errors {{ code message "
            "... on InvalidInputError { path } } } }"
        )
        payload: dict[str, Any] = (await self.data(query, {"input": values}, user=by))[mutation]
        return payload

    async def done(self, mutation: str, selection: str, by: UUID | str = "ada", **values: Any) -> Any:
        """What a mutation that is not refused answers in its first field."""
        payload = await self.mutate(mutation, selection, by, **values)
        assert payload.pop("errors") == []
        return next(iter(payload.values()))

    async def refused(self, mutation: str, selection: str, by: UUID | str = "ada", **values: Any) -> str:
        """The code with which a mutation is refused."""
        payload = await self.mutate(mutation, selection, by, **values)
        (error,) = payload.pop("errors")
        assert list(payload.values()) == [None]
        code: str = error["code"]
        return code

    async def game(self, name: str = "Star Miner", scoring: str = "HIGHEST", **rules: Any) -> str:
        """A new game that is played; by default any score from 0 to a million is believed."""
        game: dict[str, Any] = await self.done(
            "createGame", "game { id }", name=name, scoring=scoring, scoreRules={"maxScore": 1_000_000, **rules}
        )
        await self.done("updateGame", "game { id }", id=game["id"], status="LIVE")
        game_id: str = game["id"]
        return game_id

    async def player(self, handle: str) -> tuple[UUID, str]:
        """A player's account and id; a new one if nobody has the handle."""
        if handle not in self.players:
            account = uuid4()
            player = await self.done("registerPlayer", "player { id }", account, handle=handle)
            self.players[handle] = (account, player["id"])
        return self.players[handle]

    async def play(self, game_id: str, handle: str, score: int) -> dict[str, Any]:
        """The session in which the player reached the score."""
        account, _ = await self.player(handle)
        session = await self.done("startGameSession", "session { id }", account, gameId=game_id)
        finished: dict[str, Any] = await self.done(
            "finishGameSession",
            "session { id status score rejection finishedAt }",
            account,
            sessionId=session["id"],
            score=score,
            key=f"key-{next(_KEYS)}",
        )
        return finished


@pytest.fixture(scope="session")
async def gaming(start_subgraph: Callable[[str], Awaitable[Any]]) -> AsyncIterator[Any]:
    """The subgraph with the demo data, which tests only read; those that write make a tenant of their own."""
    shared = await start_subgraph("gaming")
    # In a database of Redis of its own, which tests may lose.
    url = shared.settings.redis_url.get_secret_value().rsplit("/", 1)[0]
    settings = shared.settings.model_copy(update={"redis_url": SecretStr(f"{url}/7")})
    # What is swept, a test sweeps.
    app = create_app(settings, sweep_every_s=3600)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://subgraph.test") as client,
    ):
        yield replace(shared, app=app, settings=settings, client=client)


@pytest.fixture
def tenant(gaming: Any) -> Tenant:
    return Tenant(gaming, uuid4())
