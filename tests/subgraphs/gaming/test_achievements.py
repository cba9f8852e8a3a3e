"""Achievements: rules are data, and what they give is given once."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.demo import demo_id
from resolvers.errors import InvalidValue
from subgraphs.gaming.domain.achievements import (
    CountRule,
    Facts,
    Measure,
    ScoreRange,
    StreakRule,
    StreakUnit,
    ThresholdRule,
    data_of,
    is_reached,
    rule_of,
)

SHOWN = "achievement { id name points isActive version }"
ANY = ScoreRange()
TODAY = date(2026, 3, 2)
DAYS = StreakRule(StreakUnit.DAYS, 3, ANY)


def facts(**values):
    return Facts(**{
        "score": 50, "duration_s": 60, "total_score": 500, "counts": {}, "days": {}, "latest_scores": (), **values,
    })  # fmt: skip


def days(*back):
    return {DAYS: [TODAY - timedelta(days=each) for each in back]}


@pytest.mark.parametrize(
    ("rule", "values", "reached"),
    [
        (CountRule(3, ANY), {"counts": {CountRule(3, ANY): 3}}, True),
        (CountRule(3, ANY), {"counts": {CountRule(3, ANY): 2}}, False),
        (ThresholdRule(Measure.SCORE, 50, None), {}, True),
        (ThresholdRule(Measure.SCORE, 51, None), {}, False),
        (ThresholdRule(Measure.SCORE, None, 50), {}, True),
        (ThresholdRule(Measure.SCORE, None, 49), {}, False),
        (ThresholdRule(Measure.DURATION_S, None, 60), {}, True),
        (ThresholdRule(Measure.TOTAL_SCORE, 501, None), {}, False),
        (ThresholdRule(Measure.TOTAL_SCORE, 500, None), {}, True),
        (StreakRule(StreakUnit.SESSIONS, 2, ScoreRange(10, 20)), {"latest_scores": (10, 20, 99)}, True),
        (StreakRule(StreakUnit.SESSIONS, 2, ScoreRange(10, 20)), {"latest_scores": (10, 21, 15)}, False),
        (StreakRule(StreakUnit.SESSIONS, 2, ScoreRange(10, 20)), {"latest_scores": (10,)}, False),
        (DAYS, {"days": days(0, 1, 2, 5)}, True),
        (DAYS, {"days": days(0, 1)}, False),
        (DAYS, {"days": days(0, 1, 3)}, False),
        (DAYS, {"days": days()}, False),
    ],
)
def test_rules(rule, values, reached):
    assert is_reached(rule, facts(**values)) is reached
    assert rule_of(data_of(rule)) == rule


@pytest.mark.parametrize(
    "rule",
    [
        CountRule(0, ANY),
        CountRule(1, ScoreRange(2, 1)),
        CountRule(1, ScoreRange(2**31, None)),
        ThresholdRule(Measure.SCORE, None, None),
        ThresholdRule(Measure.SCORE, 1, 1),
        ThresholdRule(Measure.TOTAL_SCORE, None, 1),
        StreakRule(StreakUnit.SESSIONS, 1, ANY),
        StreakRule(StreakUnit.SESSIONS, 101, ANY),
        StreakRule(StreakUnit.DAYS, 367, ANY),
    ],
)
def test_rules_that_are_none(rule):
    with pytest.raises(InvalidValue):
        data_of(rule)


async def finished(tenant, game, account, score, key):
    session = await tenant.done("startGameSession", "session { id }", account, gameId=game)
    payload = await tenant.mutate(
        "finishGameSession", "session { id } newAchievements { name }", account,
        sessionId=session["id"], score=score, key=key,
    )  # fmt: skip
    return payload["session"]["id"], [each["name"] for each in payload["newAchievements"]]


async def make(tenant, game, name, points=5, **rule):
    return await tenant.done("createAchievement", SHOWN, gameId=game, name=name, points=points, rule=rule)


async def test_each_is_given_once_by_its_rule(gaming, tenant):
    game, other = await tenant.game(), await tenant.game("Other")
    await make(tenant, game, "Beginner", count={"atLeast": 1})
    await make(tenant, game, "Three good ones", count={"atLeast": 3, "minScore": 50})
    await make(tenant, game, "Great", threshold={"measure": "SCORE", "atLeast": 90})
    await make(tenant, game, "Collector", threshold={"measure": "TOTAL_SCORE", "atLeast": 200})
    await make(tenant, game, "In a row", streak={"unit": "SESSIONS", "atLeast": 2, "minScore": 50})
    await make(tenant, other, "Elsewhere", count={"atLeast": 1})
    account, player = await tenant.player("Ada")
    given = [
        (await finished(tenant, game, account, score, f"k{turn}"))[1]
        for turn, score in enumerate((10, 60, 40, 60, 95, 99))
    ]
    assert given == [["Beginner"], [], [], [], ["Three good ones", "Great", "Collector", "In a row"], []]
    query = """query ($id: ID!) { player(id: $id) { achievementPoints achievements(first: 2) {
      edges { node { awardedAt achievement { name rule { __typename } } } } pageInfo { hasNextPage } } } }"""
    shown = (await tenant.data(query, {"id": player}))["player"]
    assert shown["achievementPoints"] == 25
    assert len(shown["achievements"]["edges"]) == 2
    assert shown["achievements"]["pageInfo"]["hasNextPage"]
    async with gaming.database.session(RequestContext.system(tenant.id)) as session:
        rows = await session.rows(
            text("select data from outbox where name = 'gaming.achievement_awarded' order by data->>'achievement_name'")
        )
    assert [row.data["achievement_name"] for row in rows] == [
        "Beginner", "Collector", "Great", "In a row", "Three good ones",
    ]  # fmt: skip
    assert {row.data["account_id"] for row in rows} == {str(account)}


async def test_sessions_that_end_together_give_once(gaming, tenant):
    game = await tenant.game()
    await make(tenant, game, "Five", count={"atLeast": 5})
    account, _ = await tenant.player("Ada")
    given = await asyncio.gather(*(finished(tenant, game, account, 1, f"k{turn}") for turn in range(8)))
    assert sorted(names for _, names in given) == [[]] * 7 + [["Five"]]


async def test_a_streak_of_days(gaming, tenant):
    game = await tenant.game()
    await make(tenant, game, "Daily", streak={"unit": "DAYS", "atLeast": 3, "minScore": 5})
    account, _ = await tenant.player("Ada")
    noon = datetime.now(UTC).replace(hour=12)
    for back, score in ((3, 9), (2, 9), (1, 1)):
        session_id, names = await finished(tenant, game, account, score, f"k{back}")
        assert names == []
        async with gaming.database.session(RequestContext.system(tenant.id)) as session:
            moved = {"at": noon - timedelta(days=back), "id": session_id}
            await session.execute(text("update sessions set finished_at = :at where id = :id"), moved)
    assert (await finished(tenant, game, account, 9, "a"))[1] == []  # yesterday's score was too low
    async with gaming.database.session(RequestContext.system(tenant.id)) as session:
        await session.execute(text("update sessions set score = 5 where score = 1"))
    assert (await finished(tenant, game, account, 1, "b"))[1] == ["Daily"]


async def test_what_a_revoked_score_gave_is_taken_back(tenant):
    game = await tenant.game()
    await make(tenant, game, "Great", threshold={"measure": "SCORE", "atLeast": 90})
    account, player = await tenant.player("Ada")
    session_id, names = await finished(tenant, game, account, 95, "a")
    assert names == ["Great"]
    await tenant.done("revokeGameSession", "session { id }", id=session_id)
    query = "query ($id: ID!) { player(id: $id) { achievementPoints } }"
    assert (await tenant.data(query, {"id": player}))["player"] == {"achievementPoints": 0}
    assert (await finished(tenant, game, account, 95, "b"))[1] == ["Great"]


async def test_they_are_made_changed_and_refused(tenant):
    game = await tenant.game()
    made = await make(tenant, game, "One", count={"atLeast": 1})
    assert made == {"id": made["id"], "name": "One", "points": 5, "isActive": True, "version": 1}
    changed = await tenant.done("updateAchievement", SHOWN, id=made["id"], isActive=False, points=7, expectedVersion=1)
    assert changed == {**made, "points": 7, "isActive": False, "version": 2}
    account, _ = await tenant.player("Ada")
    assert (await finished(tenant, game, account, 1, "a"))[1] == []
    for rule in ({}, {"count": {"atLeast": 1}, "streak": {"unit": "DAYS", "atLeast": 2}}, {"count": {"atLeast": 0}}):
        code = await tenant.refused("createAchievement", SHOWN, gameId=game, name="Two", rule=rule)
        assert code == "BAD_USER_INPUT"
    rule = {"count": {"atLeast": 1}}
    assert await tenant.refused("createAchievement", SHOWN, gameId=str(uuid4()), name="Two", rule=rule) == (
        "GAME_NOT_FOUND"
    )
    assert await tenant.refused("updateAchievement", SHOWN, id=str(uuid4())) == "ACHIEVEMENT_NOT_FOUND"
    assert await tenant.refused("updateAchievement", SHOWN, id=made["id"], expectedVersion=1) == "VERSION_CONFLICT"
    query = """query ($id: ID!) { game(id: $id) { achievements { edges { node {
      name rule { ... on AchievementCountRule { atLeast } } } } } } }"""
    shown = (await tenant.data(query, {"id": game}))["game"]["achievements"]["edges"]
    assert shown == [{"node": {"name": "One", "rule": {"atLeast": 1}}}]


async def test_statements_do_not_grow_with_the_rules(gaming, tenant):
    game = await tenant.game()
    account, _ = await tenant.player("Ada")
    counts = []
    for turn in range(2):
        for number in range(3):
            await make(tenant, game, f"Count {turn} {number}", count={"atLeast": 90 + number})
            await make(tenant, game, f"Days {turn} {number}", streak={"unit": "DAYS", "atLeast": 9 + number})
            await make(tenant, game, f"Row {turn} {number}", streak={"unit": "SESSIONS", "atLeast": 9 + number})
        session = await tenant.done("startGameSession", "session { id }", account, gameId=game)
        with gaming.count_statements() as statements:
            report = {"sessionId": session["id"], "score": 1, "key": f"k{turn}"}
            await tenant.done("finishGameSession", "session { id }", account, **report)
        counts.append(len([each for each in statements if "savepoint" not in each.lower()]))
    assert counts[0] == counts[1]


async def test_others_are_not_there(gaming):
    reference = {"__typename": "Achievement", "id": str(demo_id("globex", "achievement", "a1"))}
    assert await gaming.entities([reference], "... on Achievement { name }") == [None]
    assert await gaming.entities([reference], "... on Achievement { name }", tenant="globex") == [
        {"name": "First light"}
    ]
