"""Leaderboards: Redis shows what PostgreSQL has, also when Redis loses it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on

from resolvers.context import RequestContext
from resolvers.demo import demo_id
from resolvers.pagination import Window
from subgraphs.gaming.boards import BoardKey, Boards
from subgraphs.gaming.domain.boards import Board, Standing
from subgraphs.gaming.repository import standings as in_sql
from subgraphs.gaming.tables import sessions

TOP = """query ($game: ID!, $season: ID, $first: Int, $after: String) {
  leaderboard(gameId: $game, seasonId: $season) { standings(first: $first, after: $after) {
    totalCount edges { cursor node { rank score player { handle } } } pageInfo { hasNextPage endCursor } } } }"""
AROUND = """query ($game: ID!, $player: ID, $radius: Int! = 1) { leaderboard(gameId: $game) {
  standing(playerId: $player) { rank score }
  around(playerId: $player, radius: $radius) { rank player { handle } } } }"""


async def top(tenant: Any, game: str, **variables: Any) -> list[tuple[int, str, int]]:
    data = await tenant.data(TOP, {"game": game, **variables})
    nodes = [edge["node"] for edge in data["leaderboard"]["standings"]["edges"]]
    return [(node["rank"], node["player"]["handle"], node["score"]) for node in nodes]


def key_of(tenant: Any, game: str, season: str | None = None) -> BoardKey:
    return BoardKey(tenant.id, Board(UUID(game), season and UUID(season)))


@pytest.fixture(scope="session")
def boards(gaming: Any) -> Boards:
    return gaming.app.services.boards


async def built(gaming: Any, key: BoardKey) -> None:
    """Returns when the board is complete in Redis, which the first who reads sees to."""
    async with asyncio.timeout(10):
        while await gaming.app.services.boards.page(key, None, 1) is None:
            gaming.app.services.sweeper.rebuild_soon(key)
            await asyncio.gather(*gaming.app.services.sweeper._building.values())


@contextmanager
def redis_alone(gaming: Any) -> Iterator[None]:
    """PostgreSQL is not asked for the order of a board inside the block."""
    with gaming.count_statements() as statements:
        yield
    assert not [each for each in statements if "standings" in each]


async def test_the_best_score_of_each_player_counts_and_the_first_of_equals_is_first(gaming, tenant):
    game = await tenant.game()
    for handle, score in (("Ada", 50), ("Ben", 70), ("Cleo", 50), ("Ada", 20), ("Dan", 70), ("Cleo", 60), ("Ben", 70)):
        await tenant.play(game, handle, score)
    expected = [(1, "Ben", 70), (2, "Dan", 70), (3, "Cleo", 60), (4, "Ada", 50)]
    assert await top(tenant, game) == expected  # from PostgreSQL: nobody has read the board before
    await built(gaming, key_of(tenant, game))
    with redis_alone(gaming):
        assert await top(tenant, game) == expected
        _, cleo = tenant.players["Cleo"]
        found = (await tenant.data(AROUND, {"game": game, "player": cleo}))["leaderboard"]
        assert found["standing"] == {"rank": 3, "score": 60}
        assert [(each["rank"], each["player"]["handle"]) for each in found["around"]] == [
            (2, "Dan"), (3, "Cleo"), (4, "Ada"),
        ]  # fmt: skip
    await tenant.play(game, "Ada", 71)
    with redis_alone(gaming):
        assert (await top(tenant, game))[:2] == [(1, "Ada", 71), (2, "Ben", 70)]
    account, _ = tenant.players["Ben"]
    mine = await tenant.data(AROUND, {"game": game, "radius": 0}, user=account)
    assert mine["leaderboard"]["standing"] == {"rank": 2, "score": 70}
    nobody = await tenant.data(AROUND, {"game": game}, user=uuid4())
    assert nobody["leaderboard"] == {"standing": None, "around": []}


async def test_where_the_lowest_wins(gaming, tenant):
    game = await tenant.game(scoring="LOWEST", minScore=-10)
    for handle, score in (("Ada", 50), ("Ben", -3), ("Ada", 0), ("Cleo", 9)):
        await tenant.play(game, handle, score)
    expected = [(1, "Ben", -3), (2, "Ada", 0), (3, "Cleo", 9)]
    assert await top(tenant, game) == expected
    await built(gaming, key_of(tenant, game))
    assert await top(tenant, game) == expected


async def test_a_cursor_holds_while_scores_arrive(gaming, tenant):
    game = await tenant.game()
    for place, handle in enumerate(("Ada", "Ben", "Cleo", "Dan", "Eve")):
        await tenant.play(game, handle, 100 - place)
    for _ in ("from PostgreSQL", "from Redis"):
        page = (await tenant.data(TOP, {"game": game, "first": 2}))["leaderboard"]["standings"]
        assert [edge["node"]["player"]["handle"] for edge in page["edges"]][-1] == "Ben" or page["totalCount"] == 6
        assert page["pageInfo"]["hasNextPage"]
        rest = await top(tenant, game, first=50, after=page["pageInfo"]["endCursor"])
        assert [rank for rank, _, _ in rest] == list(range(3, 3 + len(rest)))
        await built(gaming, key_of(tenant, game))
    cursor = page["pageInfo"]["endCursor"]
    # Whose place the cursor was is elsewhere, and somebody is new before it: the page goes on where it was.
    await tenant.play(game, "Ben", 500)
    await tenant.play(game, "Fay", 400)
    with redis_alone(gaming):
        assert await top(tenant, game, first=2, after=cursor) == [(4, "Cleo", 98), (5, "Dan", 97)]
        assert await top(tenant, game, first=0) == []
        end = (await tenant.data(TOP, {"game": game, "first": 6}))["leaderboard"]["standings"]
        assert (end["totalCount"], end["pageInfo"]["hasNextPage"]) == (6, False)
        assert await top(tenant, game, after=end["pageInfo"]["endCursor"]) == []


async def test_redis_loses_all_while_scores_arrive(gaming, tenant, boards):
    """Whatever Redis loses and whenever: answers are right all along, and the board is whole again by itself."""
    game = await tenant.game()
    handles = [f"Player {number}" for number in range(12)]
    for handle in handles:
        await tenant.player(handle)
    redis: Redis = gaming.app.redis
    best: dict[str, int] = {}

    async def score(handle: str, scores: list[int]) -> None:
        for value in scores:
            await tenant.play(game, handle, value)
            best[handle] = max(best.get(handle, 0), value)

    async def lose() -> None:
        for number in range(8):
            await top(tenant, game)
            if number % 2:
                await redis.flushdb()
            else:
                # One of its keys alone, as where Redis has too little memory.
                await redis.delete(key_of(tenant, game).keys[number // 2 % 3])
            await asyncio.sleep(0)

    plays = (score(handle, [(7 * place + 13 * turn) % 40 for turn in range(4)]) for place, handle in enumerate(handles))
    async with asyncio.timeout(30):
        await asyncio.gather(*plays, lose())
    expected = sorted(best.values(), reverse=True)
    assert [value for _, _, value in await top(tenant, game, first=50)] == expected
    await built(gaming, key_of(tenant, game))
    with redis_alone(gaming):
        found = await top(tenant, game, first=50)
    assert [rank for rank, _, _ in found] == list(range(1, 13))
    assert {handle: value for _, handle, value in found} == best
    assert found == await raw_order(gaming, tenant, game)


async def raw_order(gaming: Any, tenant: Any, game: str) -> list[tuple[int, str, int]]:
    """The order of a board by what was played alone."""
    handles = {UUID(player): handle for handle, (_, player) in tenant.players.items()}
    async with gaming.database.session(RequestContext.system(tenant.id)) as session:
        best = (
            select(sessions.c.player_id, sessions.c.score, sessions.c.finished_at)
            .where(sessions.c.game_id == UUID(game), sessions.c.status == "finished")
            .ext(distinct_on(sessions.c.player_id))
            .order_by(sessions.c.player_id, sessions.c.score.desc(), sessions.c.finished_at)
            .subquery()
        )
        ordered = select(best).order_by(best.c.score.desc(), best.c.finished_at, best.c.player_id)
        rows = await session.rows(ordered)
    return [(rank, handles[row.player_id], row.score) for rank, row in enumerate(rows, start=1)]


async def test_a_board_that_is_lost_while_it_is_built_is_not_taken_for_whole(gaming, tenant, boards):
    game = await tenant.game()
    await tenant.play(game, "Ada", 5)
    key = key_of(tenant, game)
    token = await boards.begin(key)
    assert token is not None
    assert await boards.begin(key) is None  # one builds at a time
    assert await boards.page(key, None, 5) is None
    await boards.drop(key)
    standing = Standing(UUID(game), None, uuid4(), -9, datetime.now(UTC), 1)
    assert not await boards.put(key, [standing], token)
    assert not await boards.complete(key, token)
    assert await boards.page(key, None, 5) is None
    assert await gaming.app.services.sweeper.rebuild(key)
    assert (await boards.page(key, None, 5)).total == 1


async def test_what_a_process_could_not_put_is_swept(gaming, tenant, boards, monkeypatch):
    game = await tenant.game()
    await tenant.play(game, "Ada", 5)
    key = key_of(tenant, game)
    await built(gaming, key)
    sweeper = gaming.app.services.sweeper
    await sweeper.sweep()
    with monkeypatch.context() as patched:
        # The process ends between the commit and Redis.
        patched.setattr(sweeper, "_put", lambda *_: asyncio.sleep(0))
        await tenant.play(game, "Ada", 8)
    assert await top(tenant, game) == [(1, "Ada", 5)]
    await sweeper.sweep()
    assert await top(tenant, game) == [(1, "Ada", 8)]


async def test_a_score_is_taken_back(gaming, tenant):
    season = {"name": "Spring", "startsAt": "2026-01-01T00:00:00Z", "endsAt": "2126-01-01T00:00:00Z"}
    game = await tenant.game()
    far = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    season = {**season, "startsAt": (datetime.now(UTC) - timedelta(days=1)).isoformat(), "endsAt": far}
    season_id = (await tenant.done("createSeason", "season { id status }", gameId=game, **season))["id"]
    await tenant.play(game, "Ada", 5)
    cheat = await tenant.play(game, "Ada", 999)
    only = await tenant.play(game, "Ben", 7)
    for key in (key_of(tenant, game), key_of(tenant, game, season_id)):
        await built(gaming, key)
    revoked = await tenant.done("revokeGameSession", "session { status }", id=cheat["id"])
    assert revoked == {"status": "REVOKED"}
    for each in (None, season_id):
        assert await top(tenant, game, season=each) == [(1, "Ben", 7), (2, "Ada", 5)]
    await tenant.done("revokeGameSession", "session { status }", id=only["id"])
    assert await top(tenant, game, season=season_id) == [(1, "Ada", 5)]
    assert await tenant.refused("revokeGameSession", "session { id }", id=only["id"]) == "GAME_SESSION_OVER"
    await tenant.play(game, "Ben", 6)
    with redis_alone(gaming):
        assert await top(tenant, game, season=season_id) == [(1, "Ben", 6), (2, "Ada", 5)]


async def test_a_season_ends_and_is_frozen(gaming, tenant, boards):
    game = await tenant.game()
    await tenant.play(game, "Ada", 100)
    now = datetime.now(UTC)
    times = {"startsAt": (now - timedelta(days=1)).isoformat(), "endsAt": (now + timedelta(days=1)).isoformat()}
    season = await tenant.done("createSeason", "season { id status }", gameId=game, name="One", **times)
    assert season["status"] == "RUNNING"
    for handle, score in (("Ada", 5), ("Ben", 7), ("Cleo", 7)):
        await tenant.play(game, handle, score)
    ranked = [(1, "Ben", 7), (2, "Cleo", 7), (3, "Ada", 5)]
    assert await top(tenant, game, season=season["id"]) == ranked
    assert (await top(tenant, game))[0] == (1, "Ada", 100)
    key = key_of(tenant, game, season["id"])
    await built(gaming, key)
    assert await tenant.refused("createSeason", "season { id }", gameId=game, name="Two", **times) == "SEASON_OVERLAPS"
    async with gaming.database.session(RequestContext.system(tenant.id)) as session:
        # Its time is over; the next sweep closes it.
        await session.execute(text("update seasons set ends_at = now()"))
    await tenant.play(game, "Ada", 90)
    assert await top(tenant, game, season=season["id"]) == ranked
    await gaming.app.services.sweeper.sweep()
    assert await boards.page(key, None, 1) is None
    query = "query ($id: ID!) { game(id: $id) { seasons { edges { node { name status closedAt } } } } }"
    (edge,) = (await tenant.data(query, {"id": game}))["game"]["seasons"]["edges"]
    assert edge["node"]["status"] == "ENDED"
    assert edge["node"]["closedAt"]
    await tenant.play(game, "Ada", 95)
    assert await top(tenant, game, season=season["id"]) == ranked
    first = (await tenant.data(TOP, {"game": game, "season": season["id"], "first": 1}))["leaderboard"]["standings"]
    assert first["totalCount"] == 3
    rest = await top(tenant, game, season=season["id"], after=first["pageInfo"]["endCursor"])
    assert rest == ranked[1:]
    _, cleo = tenant.players["Cleo"]
    query = """query ($game: ID!, $season: ID!, $player: ID!) { leaderboard(gameId: $game, seasonId: $season) {
      around(playerId: $player, radius: 1) { rank player { handle } } } }"""
    found = await tenant.data(query, {"game": game, "season": season["id"], "player": cleo})
    assert [each["rank"] for each in found["leaderboard"]["around"]] == [1, 2, 3]
    assert await boards.page(key, None, 1) is None  # nobody builds what is frozen
    rebuild = {"gameId": game, "seasonId": season["id"]}
    assert await tenant.refused("rebuildLeaderboard", "leaderboard { game { id } }", **rebuild) == "SEASON_OVER"
    assert await tenant.refused("endSeason", "season { id }", id=season["id"]) == "SEASON_OVER"


async def test_a_season_is_ended_by_hand(tenant):
    game = await tenant.game()
    now = datetime.now(UTC)
    times = {"startsAt": (now - timedelta(days=1)).isoformat(), "endsAt": (now + timedelta(days=1)).isoformat()}
    season = await tenant.done("createSeason", "season { id }", gameId=game, name="One", **times)
    await tenant.play(game, "Ada", 1)
    ended = await tenant.done("endSeason", "season { status closedAt }", id=season["id"])
    assert ended["status"] == "ENDED"
    assert await top(tenant, game, season=season["id"]) == [(1, "Ada", 1)]
    for values, code in (
        ({"endsAt": times["startsAt"]}, "BAD_USER_INPUT"),
        ({"endsAt": (now + timedelta(days=400)).isoformat()}, "BAD_USER_INPUT"),
        ({"startsAt": "2026-01-01T00:00:00"}, "BAD_USER_INPUT"),
        ({"gameId": str(uuid4())}, "GAME_NOT_FOUND"),
        ({"name": " "}, "BAD_USER_INPUT"),
    ):
        given_values = {"gameId": game, "name": "Two", **times, **values}
        assert await tenant.refused("createSeason", "season { id }", **given_values) == code
    assert await tenant.refused("endSeason", "season { id }", id=str(uuid4())) == "SEASON_NOT_FOUND"


async def test_a_board_is_rebuilt_by_hand(gaming, tenant, boards):
    game = await tenant.game()
    await tenant.play(game, "Ada", 1)
    key = key_of(tenant, game)
    await built(gaming, key)
    # Somebody has meddled with it.
    await gaming.app.redis.zadd(key.keys[0], {f"{0:016x}:{uuid4()}": -5}, xx=False)
    assert await top(tenant, game) == [(1, "Ada", 1)]  # it is noticed, and PostgreSQL answers
    rebuilt = await tenant.mutate("rebuildLeaderboard", "leaderboard { standings { totalCount } }", gameId=game)
    assert rebuilt["leaderboard"] == {"standings": {"totalCount": 1}} or rebuilt["errors"][0]["code"] == "CONFLICT"
    await built(gaming, key)
    with redis_alone(gaming):
        assert await top(tenant, game) == [(1, "Ada", 1)]
    assert await tenant.refused("rebuildLeaderboard", "leaderboard { game { id } }", gameId=str(uuid4())) == (
        "GAME_NOT_FOUND"
    )


async def test_boards_of_others_are_not_there(gaming, tenant):
    game, theirs = str(demo_id("acme", "game", "g1")), str(demo_id("globex", "game", "g1"))
    assert (await gaming.data(TOP, {"game": game}))["leaderboard"]["standings"]["totalCount"] == 4
    for variables in ({"game": theirs}, {"game": game, "season": str(demo_id("globex", "season", "s1"))}):
        assert (await gaming.data(TOP, variables))["leaderboard"] is None
    for tenants in ("acme", "globex"):
        assert (await gaming.data(TOP, {"game": theirs}, tenant=tenants))["leaderboard"] is None or tenants == "globex"
    # A player of another tenant has no place, though the id is right.
    ada = str(demo_id("globex", "player", "ada"))
    found = await gaming.data(AROUND, {"game": game, "player": ada})
    assert found["leaderboard"] == {"standing": None, "around": []}
    for query in (TOP, AROUND):
        refused = await gaming.call(query, {"game": game}, scopes=["gaming:play"])
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "gaming:read"}
    wide = await gaming.call(AROUND, {"game": game, "radius": 26})
    assert wide["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_redis_that_is_away_costs_time_and_no_answer(gaming, tenant, monkeypatch):
    game = await tenant.game()
    await tenant.play(game, "Ada", 4)
    away = Redis.from_url("redis://127.0.0.1:1", socket_connect_timeout=0.2)
    monkeypatch.setattr(gaming.app.services.boards, "_page", away.register_script("return 1"))
    monkeypatch.setattr(gaming.app.services.boards, "_put", away.register_script("return 1"))
    await tenant.play(game, "Ada", 6)
    assert await top(tenant, game) == [(1, "Ada", 6)]
    await away.aclose()


async def test_statements_do_not_grow_with_the_board(gaming, tenant):
    game = await tenant.game()
    counts = []
    for handles in (("Ada",), ("Ben", "Cleo", "Dan")):
        for place, handle in enumerate(handles):
            await tenant.play(game, handle, place)
        await built(gaming, key_of(tenant, game))
        with gaming.count_statements() as statements:
            await top(tenant, game)
        counts.append(len(statements))
    assert counts == [2, 2]  # the game, the players


MOMENTS = [datetime(2026, 3, 2, 12, tzinfo=UTC) + timedelta(microseconds=each) for each in (0, 1, 2, 10**6, 10**9)]
PLAYERS = [UUID(int=number * 0x1111_1111) for number in range(1, 7)]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    puts=st.lists(
        st.tuples(st.sampled_from(PLAYERS), st.one_of(st.none(), st.integers(-3, 3)), st.sampled_from(MOMENTS)),
        max_size=25,
    ),
    order=st.randoms(use_true_random=False),
    size=st.integers(1, 4),
)
async def test_the_order_in_redis_is_that_in_sql(gaming, boards, puts, order, size):
    """Standings that are put in any order, twice, some while the board is built, read as PostgreSQL orders them."""
    tenant_id, board = uuid4(), Board(demo_id("acme", "game", "g1"), None)
    key = BoardKey(tenant_id, board)
    versions: dict[UUID, int] = {}
    standings = []
    for player, rank_key, moment in puts:
        versions[player] = versions.get(player, 0) + 1
        achieved = None if rank_key is None else moment
        standings.append(Standing(board.game_id, None, player, rank_key, achieved, versions[player]))
    latest = {each.player_id: each for each in standings}
    token = await boards.begin(key)
    mixed = [*standings, *standings]
    order.shuffle(mixed)
    for each in mixed:
        await boards.put(key, [each])
    assert await boards.put(key, list(latest.values()), token)
    assert await boards.complete(key, token)
    order.shuffle(mixed)
    assert await boards.put(key, mixed)
    shown = []
    after = None
    while True:
        page = await boards.page(key, after, size)
        shown += page.entries
        if not page.more:
            break
        after = (page.entries[-1].rank_key, page.entries[-1].achieved_at, page.entries[-1].player_id)
    rows = [
        {"k": each.rank_key, "m": each.achieved_at, "p": each.player_id}
        for each in latest.values()
        if each.rank_key is not None
    ]
    async with gaming.database.session(RequestContext.system(tenant_id)) as session:
        ordered = await session.rows(
            text(
                "select * from unnest(cast(:k as bigint[]), cast(:m as timestamptz[]), cast(:p as uuid[]))"
                " as t(k, m, p) order by k, m, p"
            ),
            {name: [row[name] for row in rows] for name in "kmp"},
        )
    assert [(entry.rank_key, entry.achieved_at, entry.player_id) for entry in shown] == [tuple(row) for row in ordered]
    assert [entry.rank for entry in shown] == list(range(1, len(shown) + 1))
    for entry in shown:
        around = await boards.around(key, entry.player_id, 1)
        assert list(around.entries) == shown[max(0, entry.rank - 2) : entry.rank + 1]
    await boards.drop(key)


async def test_sql_and_redis_page_alike(gaming, boards):
    """The same windows, from either."""
    key = BoardKey(gaming.context().tenant_id, Board(demo_id("acme", "game", "g1"), None))
    await built(gaming, key)
    window = SimpleNamespace(after=None)
    async with gaming.database.session(gaming.context()) as session:
        while True:
            asked = Window(in_sql.BY_RANK, 3, after=window.after)
            counted = await in_sql.page_in_sql(session, key.board, asked, frozen=False)
            found = await boards.page(key, window.after, 3)
            assert counted == found
            for entry in counted.entries:
                for radius in (0, 1, 9):
                    assert await boards.around(key, entry.player_id, radius) == await in_sql.around_in_sql(
                        session, key.board, entry.player_id, radius, frozen=False
                    )
            if not found.more:
                break
            last = found.entries[-1]
            window.after = (last.rank_key, last.achieved_at, last.player_id)
