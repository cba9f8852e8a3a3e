"""What a handler refuses: tried again, given up, replayed; nothing else is held up but its own aggregate."""

from uuid import UUID, uuid4

from resolvers.errors import InvalidValue
from resolvers.events.envelope import About
from resolvers.events.operations import dead_events, replay, resend
from resolvers.events.parked import Retries
from resolvers.events.subscriptions import subscribe
from resolvers.session import Database, TenantSession
from tests.resolvers.events.conftest import Heard, Told, keep

NOW = {"first_pause_s": 0.0}


async def test_pauses_grow_and_end() -> None:
    retries = Retries(most=4, first_pause_s=2, factor=4, longest_pause_s=20)
    assert [retries.pause_s(tries) for tries in (1, 2, 3, 4)] == [2, 8, 20, None]


async def test_it_is_tried_again_and_its_aggregate_waits(world: Told, tenant: UUID, refusing) -> None:
    consumer = world.consumer(refusing({1}, times=1), first_pause_s=3600)
    await world.publish(tenant, 1, 2)
    await world.publish(tenant, 7, thing="goats")
    await world.deliver(consumer)
    assert await world.effects(tenant) == [7]
    first, behind = await world.parked()
    assert (first["tries"], behind["tries"]) == (1, 0)
    assert first["reason"] == "ValueError: number 1 is refused"
    assert behind["reason"] == "waits behind an earlier event about the same aggregate"
    assert all(row["confirmed_at"] is not None for row in await world.outbox())
    await world.all("update hears.parked_events set next_try_at = now()")
    await world.deliver(consumer)
    assert await world.effects(tenant) == [7, 1, 2]
    assert await world.parked() == []


async def test_it_dies_after_the_last_try_and_holds_up_nobody(world: Told, tenant: UUID, refusing) -> None:
    consumer = world.consumer(refusing({1}), most=3, **NOW)
    await world.publish(tenant, 1, 2)
    await world.deliver(consumer)
    await world.publish(tenant, 3)
    await world.deliver(consumer)
    assert await world.effects(tenant) == [2, 3]
    (dead,) = await world.parked()
    assert (dead["tries"], dead["reason"]) == (3, "ValueError: number 1 is refused")
    assert dead["died_at"] is not None


async def test_the_dead_are_listed_and_replayed(world: Told, tenant: UUID, refusing) -> None:
    other = uuid4()
    for each in (tenant, other):
        await world.publish(each, 1)
    await world.deliver(world.consumer(refusing({1}), most=1))
    owner = Database(world.settings.admin_url(), "hears", 1)
    try:
        assert {row.tenant_id for row in await dead_events(owner, None)} == {tenant, other}
        (row,) = await dead_events(owner, tenant)
        assert await replay(owner, [uuid4()]) == 0
        assert await replay(owner, [row.event_id]) == 1
        consumer = world.consumer(subscribe("told.counted", version=1)(refusing(set()).handler), most=1)
        await world.deliver(consumer)
        assert await world.effects(tenant) == [1]
        assert await world.effects(other) == []
        assert await replay(owner, None, other) == 1
        await world.deliver(consumer)
        assert await world.effects(other) == [1]
        assert await dead_events(owner, None) == []
    finally:
        await owner.close()


async def test_what_nobody_could_read_is_replayed_once_somebody_can(world: Told, tenant: UUID) -> None:
    await world.publish(tenant, 1)
    early = subscribe("told.counted", version=2)(keep)
    await world.deliver(world.consumer(early))
    assert len(await world.parked()) == 1
    owner = Database(world.settings.admin_url(), "hears", 1)
    try:
        await replay(owner, None)
        await world.deliver(world.consumer(early))
        (row,) = await world.parked()
        assert row["died_at"] is not None
        await replay(owner, None)
    finally:
        await owner.close()
    await world.deliver(world.consumer())
    assert await world.effects(tenant) == [1]
    assert await world.parked() == []


async def test_a_replay_of_what_had_its_effect_changes_nothing(world: Told, tenant: UUID) -> None:
    """A renamed handler deals with all again; the same one never does."""
    await world.publish(tenant, 1, 2)
    await world.deliver(world.consumer())
    owner = Database(world.settings.admin_url(), "told", 1)
    try:
        assert await resend(owner, "told.renamed", None) == 0
        assert await resend(owner, "told.counted", None) == 2
        await world.deliver(world.consumer())
        assert await world.effects(tenant) == [1, 2]

        async def newcomer(session, event, about) -> None:
            await keep(session, event, about)

        newcomer.__annotations__["event"] = keep.__annotations__["heard"]
        await resend(owner, None, None)
        await world.deliver(world.consumer(subscribe("told.counted", version=1)(newcomer)))
        assert await world.effects(tenant) == [1, 2, 1, 2]
    finally:
        await owner.close()


async def test_what_is_old_goes_and_the_rest_stays(world: Told, tenant: UUID) -> None:
    await world.publish(tenant, 1, 2, 3)
    await world.deliver(world.consumer())
    await world.publish(tenant, 4)
    await world.all("update told.outbox set confirmed_at = now() - interval '15 days' where data->>'number' = '1'")
    await world.all("update told.outbox set created_at = now() - interval '90 days' where data->>'number' = '4'")
    assert await world.relay().prune() == 1
    # Whatever is asked for, a day's worth stays.
    assert await world.relay(outbox_days=0, inbox_days=0).prune() == 0
    assert [row["n"] for row in await world.outbox("data->>'number' as n")] == ["2", "3", "4"]


async def test_what_the_data_themselves_refuse_is_dead_at_once(world: Told, tenant: UUID) -> None:
    async def handler(session: TenantSession, heard: Heard, about: About) -> None:
        if heard.number == 1:
            raise InvalidValue("number", "must not be 1")
        await keep(session, heard, about)

    consumer = world.consumer(subscribe("told.counted", version=1)(handler))
    await world.publish(tenant, 1, 2)
    await world.deliver(consumer)
    assert await world.effects(tenant) == [2]
    (dead,) = await world.parked()
    assert (dead["tries"], dead["reason"]) == (1, "InvalidValue: number must not be 1.")
    assert dead["died_at"] is not None
