"""Games and players: what users do, and what nobody of another tenant can."""

from uuid import uuid4

import pytest

from resolvers.demo import demo_id

SHOWN = "game { id name status scoring scoreRules { minScore maxScore maxPointsPerSecond } version }"
RULES = {"maxScore": 100}
LIST = """query ($first: Int, $after: String) { games(first: $first, after: $after) {
  totalCount edges { node { id name } } pageInfo { hasNextPage endCursor } } }"""


async def create(tenant, name="Chess"):
    return await tenant.done("createGame", SHOWN, name=name, scoring="HIGHEST", scoreRules=RULES)


async def test_a_game_is_created_and_changed(tenant):
    made = await create(tenant, "  Chess ")
    rules = {"minScore": 0, "maxScore": 100, "maxPointsPerSecond": None}
    assert made == {
        "id": made["id"], "name": "Chess", "status": "DRAFT", "scoring": "HIGHEST", "scoreRules": rules, "version": 1,
    }  # fmt: skip
    changed = await tenant.done(
        "updateGame", SHOWN, id=made["id"], name="Go", status="LIVE", scoreRules={"maxScore": 7}, expectedVersion=1
    )
    assert changed == {**made, "name": "Go", "status": "LIVE", "scoreRules": {**rules, "maxScore": 7}, "version": 2}
    assert await tenant.done("updateGame", SHOWN, id=made["id"]) == {**changed, "version": 3}
    found = await tenant.data("query ($id: ID!) { game(id: $id) { name status } }", {"id": made["id"]})
    assert found["game"] == {"name": "Go", "status": "LIVE"}


@pytest.mark.parametrize(
    ("field", "change", "code"),
    [
        ("createGame", {"name": " "}, "BAD_USER_INPUT"),
        ("createGame", {"name": "x" * 201}, "BAD_USER_INPUT"),
        ("createGame", {"name": "x\0"}, "BAD_USER_INPUT"),
        ("createGame", {"name": "CHESS"}, "NAME_TAKEN"),
        ("createGame", {"scoreRules": {"minScore": 2, "maxScore": 1}}, "BAD_USER_INPUT"),
        ("createGame", {"scoreRules": {"maxScore": 1, "leastDurationS": 9, "greatestDurationS": 9}}, "BAD_USER_INPUT"),
        ("createGame", {"scoreRules": {"maxScore": 1, "greatestDurationS": 86_401}}, "BAD_USER_INPUT"),
        ("createGame", {"scoreRules": {"maxScore": 1, "maxPointsPerSecond": 0}}, "BAD_USER_INPUT"),
        ("updateGame", {"id": str(uuid4())}, "GAME_NOT_FOUND"),
        ("updateGame", {"id": "x"}, "BAD_USER_INPUT"),
        ("updateGame", {"expectedVersion": 7}, "VERSION_CONFLICT"),
    ],
)
async def test_what_is_refused_of_games(tenant, field, change, code):
    made = await create(tenant)
    values = {"name": "Go", "scoring": "LOWEST", "scoreRules": RULES} if field == "createGame" else {"id": made["id"]}
    assert await tenant.refused(field, SHOWN, **{**values, **change}) == code


async def test_pages_follow_one_another(tenant):
    for name in ("c", "A", "b"):
        await create(tenant, name)
    first = (await tenant.data(LIST, {"first": 2}))["games"]
    assert first["totalCount"] == 3
    assert [edge["node"]["name"] for edge in first["edges"]] == ["A", "b"]
    rest = (await tenant.data(LIST, {"first": 2, "after": first["pageInfo"]["endCursor"]}))["games"]
    assert [edge["node"]["name"] for edge in rest["edges"]] == ["c"]


async def test_an_account_is_one_player_of_a_tenant(tenant):
    shown = "player { id handle version account { id } }"
    assert (await tenant.data("{ myPlayer { id } }"))["myPlayer"] is None
    player = await tenant.done("registerPlayer", shown, handle=" Ada ")
    account = {"id": str(demo_id("acme", "user", "ada"))}
    assert player == {"id": player["id"], "handle": "Ada", "version": 1, "account": account}
    assert await tenant.refused("registerPlayer", shown, handle="Other") == "PLAYER_EXISTS"
    assert await tenant.refused("registerPlayer", shown, "ben", handle="ADA") == "NAME_TAKEN"
    assert await tenant.refused("registerPlayer", shown, "ben", handle="x") == "BAD_USER_INPUT"
    assert await tenant.refused("renamePlayer", shown, "ben", handle="Benny") == "PLAYER_NOT_FOUND"
    assert await tenant.refused("renamePlayer", shown, handle="Ada", expectedVersion=2) == "VERSION_CONFLICT"
    renamed = await tenant.done("renamePlayer", shown, handle="Countess", expectedVersion=1)
    assert renamed == {**player, "handle": "Countess", "version": 2}
    mine = await tenant.data("{ myPlayer { handle } players { totalCount edges { node { handle } } } }")
    assert mine["myPlayer"] == {"handle": "Countess"}
    assert mine["players"] == {"totalCount": 1, "edges": [{"node": {"handle": "Countess"}}]}
    # The same account in another tenant is another player.
    other = type(tenant)(tenant.subgraph, uuid4())
    assert (await other.done("registerPlayer", shown, handle="Countess"))["id"] != player["id"]


async def test_references_take_one_statement_per_level(gaming):
    ids = [str(demo_id("acme", "game", f"g{number}")) for number in range(1, 4)]
    with gaming.count_statements() as statements:
        found = await gaming.entities([{"__typename": "Game", "id": key} for key in ids], "... on Game { id }")
    assert [entity["id"] for entity in found] == ids
    assert len(statements) == 1
    accounts = [{"__typename": "Account", "id": str(demo_id("acme", "user", user))} for user in ("ada", "ben", "cleo")]
    nested = (
        "... on Account { player { handle sessions(first: 3) { edges { node { game { name } player { id } } } } } }"
    )
    with gaming.count_statements() as statements:
        found = await gaming.entities([*accounts, {"__typename": "Account", "id": str(uuid4())}], nested)
    assert [each["player"] and each["player"]["handle"] for each in found] == [
        "Ada of acme", "Ben of acme", "Cleo of acme", None,
    ]  # fmt: skip
    assert all(len(each["player"]["sessions"]["edges"]) == 3 for each in found[:3])
    assert len(statements) == 4  # players by account, sessions, games, players by id


async def test_another_tenants_is_not_there(gaming, tenant):
    theirs = str(demo_id("globex", "game", "g1"))
    for kind, key in (("Game", "g1"), ("Player", "ada"), ("GameSession", "0-0")):
        stored = "session" if kind == "GameSession" else kind.lower()
        reference = {"__typename": kind, "id": str(demo_id("globex", stored, key))}
        assert await gaming.entities([reference], f"... on {kind} {{ id }}") == [None]
        assert await gaming.entities([reference], f"... on {kind} {{ id }}", tenant="globex") != [None]
    assert await tenant.refused("updateGame", SHOWN, id=theirs, name="Mine") == "GAME_NOT_FOUND"
    account, _ = await tenant.player("Ada")
    assert await tenant.refused("startGameSession", "session { id }", account, gameId=theirs) == "GAME_NOT_FOUND"
    data = await gaming.data("{ games { totalCount } }", tenant="globex")
    assert data["games"]["totalCount"] == 3


async def test_scopes_are_asked_for(gaming):
    for query, scope in (
        ("{ games { totalCount } }", "read"),
        ('mutation { updateGame(input: {id: "x"}) { errors { code } } }', "write"),
        ('mutation { registerPlayer(input: {handle: "x"}) { errors { code } } }', "play"),
        ('mutation { startGameSession(input: {gameId: "x"}) { errors { code } } }', "play"),
    ):
        refused = await gaming.call(query, scopes=["other:read"])
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": f"gaming:{scope}"}
    nobody = await gaming.call("{ myPlayer { id } }", user=None)
    assert nobody["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
