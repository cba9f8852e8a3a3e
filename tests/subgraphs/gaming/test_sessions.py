"""Playing: a score counts once, and only if it is plausible."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.demo import demo_id
from subgraphs.gaming.domain.games import ScoreRules
from subgraphs.gaming.domain.sessions import MAX_OPEN, Report, SessionStatus, finish, open_session

SHOWN = "session { id status score rejection }"
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("score", "lasted_s", "rejection"),
    [
        (10, 60, None),
        (100, 60, None),
        (10, 5, None),
        (10, 600, None),
        (9, 60, "SCORE_TOO_LOW"),
        (101, 60, "SCORE_TOO_HIGH"),
        (10, 4.9, "TOO_SHORT"),
        (10, 600.1, "TOO_LONG"),
        (100, 9.9, "TOO_FAST"),
        (100, 10, None),
    ],
)
def test_what_is_plausible(score, lasted_s, rejection):
    played = open_session(uuid4(), uuid4(), uuid4(), NOW)
    rules = ScoreRules(10, 100, 5, 600, 10)
    season = uuid4()
    finished = finish(played, Report(score, "k"), rules, season, NOW + timedelta(seconds=lasted_s))
    assert (finished.rejection and finished.rejection.name) == rejection
    assert finished.status is (SessionStatus.REJECTED if rejection else SessionStatus.FINISHED)
    assert finished.season_id == (None if rejection else season)


async def outbox(gaming, tenant):
    async with gaming.database.session(RequestContext.system(tenant.id)) as session:
        return await session.rows(text("select name, data from outbox order by id"))


async def test_a_score_counts_once_however_often_it_is_reported(gaming, tenant):
    game = await tenant.game()
    account, player = await tenant.player("Ada")
    session = await tenant.done("startGameSession", SHOWN, account, gameId=game)
    assert session == {"id": session["id"], "status": "STARTED", "score": None, "rejection": None}
    report = {"sessionId": session["id"], "score": 70, "key": "a"}
    answers = await asyncio.gather(*(tenant.done("finishGameSession", SHOWN, account, **report) for _ in range(5)))
    assert answers == [{"id": session["id"], "status": "FINISHED", "score": 70, "rejection": None}] * 5
    told = await outbox(gaming, tenant)
    assert [row.name for row in told] == ["gaming.session_finished"]
    assert (told[0].data["player_id"], told[0].data["account_id"]) == (player, str(account))
    assert (told[0].data["game_name"], told[0].data["score"], told[0].data["season_id"]) == ("Star Miner", 70, None)
    for change in ({"score": 71}, {"key": "b"}):
        code = await tenant.refused("finishGameSession", SHOWN, account, **{**report, **change})
        assert code == "GAME_SESSION_OVER"
    other = await tenant.done("startGameSession", SHOWN, account, gameId=game)
    again = {"sessionId": other["id"], "score": 70, "key": "a"}
    assert await tenant.refused("finishGameSession", SHOWN, account, **again) == "SCORE_KEY_REUSED"
    # Another player's keys are its own.
    ben, _ = await tenant.player("Ben")
    theirs = await tenant.done("startGameSession", SHOWN, ben, gameId=game)
    assert await tenant.refused("finishGameSession", SHOWN, account, **{**again, "sessionId": theirs["id"]}) == (
        "GAME_SESSION_NOT_FOUND"
    )
    await tenant.done("finishGameSession", SHOWN, ben, **{**again, "sessionId": theirs["id"]})
    assert len(await outbox(gaming, tenant)) == 2


async def test_what_is_not_plausible_is_told_once_and_cannot_be_tried_again(gaming, tenant):
    game = await tenant.game(leastDurationS=5)
    account, _ = await tenant.player("Ada")
    session = await tenant.done("startGameSession", SHOWN, account, gameId=game)
    report = {"sessionId": session["id"], "score": 7, "key": "a"}
    rejected = await tenant.done("finishGameSession", SHOWN, account, **report)
    assert rejected == {"id": session["id"], "status": "REJECTED", "score": 7, "rejection": "TOO_SHORT"}
    assert await tenant.done("finishGameSession", SHOWN, account, **report) == rejected
    assert await tenant.refused("finishGameSession", SHOWN, account, **{**report, "key": "b"}) == "GAME_SESSION_OVER"
    assert await outbox(gaming, tenant) == []


async def test_what_cannot_begin(tenant):
    draft = await tenant.done("createGame", "game { id }", name="New", scoring="LOWEST", scoreRules={"maxScore": 1})
    account, _ = await tenant.player("Ada")
    live = await tenant.game()
    for by, game_id, code in (
        (account, draft["id"], "GAME_NOT_LIVE"),
        (account, str(uuid4()), "GAME_NOT_FOUND"),
        (account, "x", "BAD_USER_INPUT"),
        (uuid4(), live, "PLAYER_NOT_FOUND"),
    ):
        assert await tenant.refused("startGameSession", SHOWN, by, gameId=game_id) == code
    for _ in range(MAX_OPEN):
        await tenant.done("startGameSession", SHOWN, account, gameId=live)
    assert await tenant.refused("startGameSession", SHOWN, account, gameId=live) == "TOO_MANY_OPEN_SESSIONS"
    for key in ("", " a", "x" * 65):
        report = {"sessionId": str(uuid4()), "score": 1, "key": key}
        assert await tenant.refused("finishGameSession", SHOWN, account, **report) == "BAD_USER_INPUT"


async def test_what_does_not_count_is_shown_to_the_player_alone(gaming):
    query = """query ($player: ID!, $rejected: ID!) { gameSession(id: $rejected) { status }
      player(id: $player) { sessions { edges { node { status startedAt } } } } }"""
    variables = {"player": str(demo_id("acme", "player", "dan")), "rejected": str(demo_id("acme", "session", "3-5"))}
    for user, scopes, seen in (
        ("dan", ["gaming:read"], True),
        ("ada", ["gaming:read"], False),
        ("ada", ["gaming:read", "gaming:write"], True),
        (None, ["gaming:read"], False),
    ):
        data = await gaming.data(query, variables, user=user, scopes=scopes)
        assert data["gameSession"] == ({"status": "REJECTED"} if seen else None)
        edges = data["player"]["sessions"]["edges"]
        statuses = [edge["node"]["status"] for edge in edges]
        assert statuses == (["REJECTED"] if seen else []) + ["FINISHED"] * 5
        starts = [edge["node"]["startedAt"] for edge in edges]
        assert starts == sorted(starts, reverse=True)
