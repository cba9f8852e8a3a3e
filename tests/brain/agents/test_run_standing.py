"""A run token is held against its run: what a stolen key of a worker opens, and what who asked may do no more."""

import uuid
from collections.abc import Mapping
from typing import Any

import pytest

from brain.caller import Caller
from brain.internal_subgraph import SubgraphUnavailable
from brain.run_standing import RunStandings
from brain.tokens import InvalidCredential
from router.hooks import RequestRefused

TENANT, OTHER, RUN, ADA, BEN = (str(uuid.uuid4()) for _ in range(5))
GRANTS = {"lead_scoring": ("crm:read", "crm:write"), "integration_stripe": ()}
ROW = {
    "crew": "lead_scoring",
    "scopes": ["agents:write", "crm:read", "crm:write", "identity:read"],
    "requestedBy": ADA,
    "answeredForBy": ADA,
    "isOver": False,
}


class World:
    """The subgraphs, as far as they are asked, and identity's marks."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, Any]] = {(TENANT, RUN): dict(ROW)}
        self.members: dict[tuple[str, str], frozenset[str]] = {(TENANT, ADA): frozenset(ROW["scopes"])}
        self.marks: dict[str, int] = {}
        self.asked: list[str] = []
        self.is_away = False
        self.now = 0.0
        self.standings = RunStandings(self, self, self, GRANTS.get, clock=lambda: self.now)  # type: ignore[arg-type]

    async def ask(self, query: str, variables: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        self.asked.append("row")
        if self.is_away:
            raise SubgraphUnavailable("agents does not answer")
        assert caller.tenant_id is not None
        return {"agentRunStanding": self.rows.get((caller.tenant_id, variables["id"]))}

    async def member_scopes(self, tenant_id: str, user_id: str) -> frozenset[str] | None:
        self.asked.append("member")
        return self.members.get((tenant_id, user_id))

    async def of_user(self, mark: str) -> int:
        return self.marks.get(mark, 0)

    async def admitted(self, *scopes: str, **changed: Any) -> Caller:
        token = Caller(tenant_id=TENANT, user_id=ADA, scopes=("agents:run", *scopes), via="agent", run_id=RUN)
        given = {"tenant_id": TENANT, "user_id": ADA, "run_id": RUN, "crew": "lead_scoring", "via": "agent", **changed}
        return await self.standings.admitted(Caller(scopes=token.scopes, **given))


@pytest.fixture
def world() -> World:
    return World()


async def test_a_run_under_way_may_act(world: World) -> None:
    caller = await world.admitted("crm:read")
    assert caller.scopes == ("agents:run", "crm:read", "agents:act")
    assert (caller.user_id, caller.run_id) == (ADA, RUN)
    await world.admitted("crm:write")
    assert world.asked == ["row", "member"], "the answers are remembered for a moment"


async def test_to_write_down_what_it_does_a_run_is_looked_up_once_a_minute(world: World) -> None:
    """Most calls of a run; the subgraph that keeps it looks at the row in any case."""
    for _ in range(10):
        await world.admitted()
        world.now += 5
    assert world.asked.count("row") == 1
    world.now += 60
    await world.admitted()
    assert world.asked.count("row") == 2


async def test_what_reads_or_writes_is_never_held_against_an_old_row(world: World) -> None:
    await world.admitted()
    world.rows[TENANT, RUN]["isOver"] = True
    world.now += 1.9
    assert "agents:act" in (await world.admitted("crm:read")).scopes
    world.now += 0.2
    with pytest.raises(RequestRefused):
        await world.admitted("crm:read")
    world.now += 0.1
    for changed in ({"user_id": BEN}, {"crew": "integration_stripe"}):
        with pytest.raises(InvalidCredential):
            await world.admitted(**changed)


async def test_who_lost_their_rights_is_noticed_whatever_is_known_of_the_row(world: World) -> None:
    await world.admitted()
    world.members.pop((TENANT, ADA))
    world.now += 10.1
    assert (await world.admitted()).scopes == ("agents:run",)
    assert world.asked.count("row") == 1


@pytest.mark.parametrize(
    ("scopes", "changed"),
    [
        (["crm:read"], {"run_id": str(uuid.uuid4())}),
        (["crm:read"], {"tenant_id": OTHER}),
        (["crm:read"], {"user_id": BEN}),
        (["crm:read"], {"user_id": None}),
        ([], {"user_id": BEN}),
        (["crm:read"], {"crew": "tenant_analyst"}),
        ([], {"crew": "integration_stripe"}),
        (["directory:read"], {}),
        (["agents:act"], {}),
        (["agents:approve"], {}),
    ],
)
async def test_a_stolen_key_opens_no_more_than_the_run_was_opened_with(
    world: World, scopes: list[str], changed: dict[str, Any]
) -> None:
    with pytest.raises(InvalidCredential):
        await world.admitted(*scopes, **changed)


async def test_a_run_that_there_is_not_yet_may_only_be_opened(world: World) -> None:
    run_id = str(uuid.uuid4())
    caller = await world.admitted(run_id=run_id, user_id=ADA)
    assert (caller.scopes, caller.user_id) == (("agents:run",), None)
    world.rows[TENANT, run_id] = dict(ROW)
    assert "agents:act" in (await world.admitted(run_id=run_id)).scopes, "that there was none is not remembered"


async def test_a_run_that_has_ended_may_only_say_how(world: World) -> None:
    world.rows[TENANT, RUN]["isOver"] = True
    assert (await world.admitted()).scopes == ("agents:run",)
    with pytest.raises(RequestRefused) as caught:
        await world.admitted("crm:read")
    assert (caught.value.code, caught.value.status) == ("AGENT_RUN_OVER", 403)


@pytest.mark.parametrize("held", [None, frozenset({"agents:write", "crm:read"}), frozenset({"crm:read", "crm:write"})])
async def test_who_lost_the_right_to_ask_stops_the_run(world: World, held: frozenset[str] | None) -> None:
    await world.admitted("crm:write")
    world.members.pop((TENANT, ADA))
    if held is not None:
        world.members[TENANT, ADA] = held
    world.marks[f"identity:revoked:{TENANT}:{ADA}"] = 1_700_000_000  # as identity leaves one: it is noticed at once
    with pytest.raises(RequestRefused) as caught:
        await world.admitted("crm:write")
    assert (caught.value.code, caught.value.status) == ("AGENT_RIGHTS_WITHDRAWN", 403)
    assert (await world.admitted()).scopes == ("agents:run",), "its end must be written down"


async def test_who_lost_what_the_crew_does_not_need_stops_nothing(world: World) -> None:
    world.members[TENANT, ADA] = frozenset({"agents:write", "crm:read", "crm:write"})
    assert "agents:act" in (await world.admitted("crm:write")).scopes


async def test_a_schedules_run_has_the_rights_of_who_wrote_it(world: World) -> None:
    world.rows[TENANT, RUN] |= {"requestedBy": None, "answeredForBy": ADA}
    assert "agents:act" in (await world.admitted("crm:read", user_id=None)).scopes
    del world.members[TENANT, ADA]
    world.marks[f"identity:revoked:{TENANT}:{ADA}"] = 1
    with pytest.raises(RequestRefused):
        await world.admitted("crm:read", user_id=None)


async def test_an_api_keys_run_has_nobody_to_lose_rights(world: World) -> None:
    world.rows[TENANT, RUN] |= {"requestedBy": None, "answeredForBy": None}
    assert "agents:act" in (await world.admitted("crm:read", user_id=None)).scopes
    assert world.asked == ["row"]


async def test_a_crew_without_scopes_of_the_graph_is_held_to_it_too(world: World) -> None:
    """What it writes is at a provider, which knows no scopes of ours: `agents:act` is what stops it."""
    world.rows[TENANT, RUN] |= {"crew": "integration_stripe"}
    assert "agents:act" in (await world.admitted(crew="integration_stripe")).scopes
    world.members[TENANT, ADA] = frozenset({"crm:read"})
    world.marks[f"identity:revoked:{TENANT}:{ADA}"] = 1
    assert (await world.admitted(crew="integration_stripe")).scopes == ("agents:run",)


async def test_while_nobody_knows_nothing_is_admitted(world: World) -> None:
    world.is_away = True
    with pytest.raises(SubgraphUnavailable):
        await world.admitted("crm:read")
    world.is_away = False
    await world.admitted("crm:read")
