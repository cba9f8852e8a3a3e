"""What is known of revocations here is what Redis says, through everything that may happen to it."""

import asyncio
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis

from brain.embedded.ports import free_port
from brain.embedded.process import end_group, start
from brain.embedded.redis import RedisServer
from brain.identity_client import IdentityClient
from brain.mark_watch import SURE_FOR_S, MarkWatch
from brain.revocation import MARKS, Revocations, RevocationsUnavailable, mark_of_user
from brain.tenancy import TenantResolver
from brain.tokens import AccessTokens, SigningKeys
from router.hooks import RequestRefused

from .conftest import ACME, GLOBEX, Identity

ADA = mark_of_user(ACME["id"], "ada")
BEN = mark_of_user(ACME["id"], "ben")


async def until(holds: Callable[[], bool], within_s: float = 10) -> None:
    """Wait for what a server's process brings about."""
    async with asyncio.timeout(within_s):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def learn(revocations: Revocations, *marks: str) -> dict[str, int | None]:
    """Ask until they are known: an answer is not kept if a write before it is only now heard."""
    async with asyncio.timeout(10):
        while any(revocations.known_of_user(mark) is None for mark in marks):
            for mark in marks:
                await revocations.of_user(mark)
    return {mark: revocations.known_of_user(mark) for mark in marks}


class OwnRedis:
    """A server that a test may stop, kill and start again."""

    def __init__(self, folder: Path) -> None:
        self.server = RedisServer(folder, free_port(), "secret")
        self.log = folder / "log"
        self.child: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        self.server.prepare()
        with self.log.open("ab") as output:
            self.child = start(self.server.launch(), output)
        await until(self.server.is_ready)

    def signal(self, number: int) -> None:
        assert self.child is not None
        os.kill(self.child.pid, number)

    def end(self) -> None:
        if self.child is not None:
            self.signal(signal.SIGCONT)
            end_group(self.child, self.server.launch())
            self.child = None

    def kill(self) -> None:
        assert self.child is not None
        self.child.kill()
        self.child.wait()
        self.child = None


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[OwnRedis]:
    redis = OwnRedis(tmp_path / "redis")
    (tmp_path / "redis").mkdir()
    await redis.start()
    try:
        yield redis
    finally:
        redis.end()


class Reader:
    """What the Brain has: revocations that are watched, and a client that gives up soon."""

    def __init__(self, url: str) -> None:
        self.redis: Redis = Redis.from_url(url, socket_timeout=0.3, socket_connect_timeout=0.3, retry=None)
        self.watch = MarkWatch(self.redis, MARKS)
        self.revocations = Revocations(self.redis, self.watch)

    def known(self, mark: str) -> int | None:
        return self.revocations.known_of_user(mark)


@pytest.fixture
async def reader(own: OwnRedis) -> AsyncIterator[Reader]:
    made = Reader(own.server.url)
    async with made.watch.running():
        await made.watch.listening()
        yield made
    await made.redis.aclose()


async def gets(redis: Redis) -> int:
    return int((await redis.info("commandstats")).get("cmdstat_get", {}).get("calls", 0))


async def test_redis_is_asked_once_for_each_mark(redis: Redis, marks: MarkWatch) -> None:
    revocations = Revocations(redis, marks)
    await redis.set(BEN, "7")
    before = await gets(redis)
    for mark, value in ((ADA, 0), (BEN, 7)):
        assert revocations.known_of_user(mark) is None
        assert await revocations.of_user(mark) == value
        for _ in range(5):
            assert revocations.known_of_user(mark) == value
    assert await gets(redis) - before == 2


@pytest.mark.parametrize("write", ["set", "delete", "expire", "rename", "flush", "script"])
async def test_whatever_changes_a_mark_is_heard(redis: Redis, marks: MarkWatch, write: str) -> None:
    writes: dict[str, Callable[[], Awaitable[object]]] = {
        "set": lambda: redis.set(ADA, "9", ex=960),
        "delete": lambda: redis.delete(ADA),
        "expire": lambda: redis.pexpire(ADA, 20),
        "rename": lambda: redis.rename(ADA, "identity:elsewhere"),
        "flush": redis.flushdb,
        "script": lambda: redis.eval("redis.call('incr', KEYS[1])", 1, ADA),
    }
    revocations = Revocations(redis, marks)
    await redis.set(ADA, "7")
    assert await learn(revocations, ADA) == {ADA: 7}
    await writes[write]()
    expected = {"set": 9, "script": 8}.get(write, 0)
    async with asyncio.timeout(5):
        while await learn(revocations, ADA) != {ADA: expected}:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_one_users_mark_says_nothing_of_anothers(redis: Redis, marks: MarkWatch) -> None:
    revocations = Revocations(redis, marks)
    same_user_elsewhere = mark_of_user(GLOBEX["id"], "ada")
    await learn(revocations, ADA, BEN, same_user_elsewhere)
    await redis.set(ADA, "9")
    await until(lambda: revocations.known_of_user(ADA) is None)
    assert await revocations.of_user(ADA) == 9
    assert revocations.known_of_user(BEN) == revocations.known_of_user(same_user_elsewhere) == 0


async def test_an_answer_from_before_a_write_is_not_kept(redis: Redis, marks: MarkWatch) -> None:
    """The write is heard while the answer to an older question is under way."""
    await learn(Revocations(redis, marks), BEN)
    question = marks.asking(ADA)
    await redis.set(ADA, "9")
    await redis.set(BEN, "9")
    await until(lambda: marks.known(BEN) is None)  # what came before it is heard, too
    marks.answered(ADA, question, None)
    assert marks.known(ADA) is None
    newer = marks.asking(ADA)
    marks.answered(ADA, question, None)
    assert marks.known(ADA) is None
    marks.answered(ADA, newer, b"9")
    assert marks.known(ADA) == (b"9",)


async def test_an_answer_from_before_the_watch_is_not_kept(redis: Redis) -> None:
    watch = MarkWatch(redis, MARKS)
    question = watch.asking(ADA)
    async with watch.running():
        await watch.listening()
        watch.answered(ADA, question, None)
        assert watch.known(ADA) is None


async def test_memory_is_bounded(redis: Redis) -> None:
    watch = MarkWatch(redis, MARKS, max_entries=2)
    async with watch.running():
        await watch.listening()
        revocations = Revocations(redis, watch)
        for user in "abc":
            await revocations.of_user(mark_of_user("t", user))
        assert [revocations.known_of_user(mark_of_user("t", user)) for user in "abc"] == [None, 0, 0]


async def test_without_being_run_it_knows_nothing(redis: Redis) -> None:
    revocations = Revocations(redis, MarkWatch(redis, MARKS))
    assert await revocations.of_user(ADA) == 0
    assert revocations.known_of_user(ADA) is None


async def test_a_network_that_swallows_everything_delays_a_mark_by_the_bound_and_no_longer(own: OwnRedis) -> None:
    """What the Brain's connection would say gets stuck, while identity reaches Redis."""
    is_stuck = False

    async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            if not is_stuck:
                target.write(data)
        target.close()

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", own.server.port)
        await asyncio.gather(pass_on(reader, ours), pass_on(theirs, writer), return_exceptions=True)

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    stuck = Reader(own.server.url.replace(str(own.server.port), str(port)))
    direct: Redis = Redis.from_url(own.server.url)
    async with server, stuck.watch.running():
        await stuck.watch.listening()
        assert await learn(stuck.revocations, ADA) == {ADA: 0}
        is_stuck = True
        await direct.set(ADA, "9")
        written_at = time.monotonic()
        await until(lambda: stuck.known(ADA) is None or time.monotonic() - written_at > SURE_FOR_S)
        assert stuck.known(ADA) is None
        with pytest.raises(RevocationsUnavailable):
            await stuck.revocations.of_user(ADA)
        is_stuck = False
        await stuck.watch.listening()
    await stuck.redis.aclose()
    await direct.aclose()


async def test_killed_and_started_again(own: OwnRedis, reader: Reader) -> None:
    await reader.redis.set(BEN, "7")
    assert await learn(reader.revocations, ADA, BEN) == {ADA: 0, BEN: 7}
    own.kill()
    await until(lambda: reader.known(ADA) is None, SURE_FOR_S)
    with pytest.raises(RevocationsUnavailable):
        await reader.revocations.of_user(ADA)
    await own.start()
    direct: Redis = Redis.from_url(own.server.url)
    await direct.set(ADA, "9")  # perhaps before it is heard again
    assert await reader.revocations.of_user(ADA) == 9
    await reader.watch.listening()
    assert reader.known(ADA) in {None, 9}
    assert await learn(reader.revocations, ADA, BEN) == {ADA: 9, BEN: 7}
    await direct.aclose()


async def test_paused_and_continued(own: OwnRedis, reader: Reader) -> None:
    assert await learn(reader.revocations, ADA) == {ADA: 0}
    own.signal(signal.SIGSTOP)
    await until(lambda: reader.known(ADA) is None, SURE_FOR_S + 0.2)
    with pytest.raises(RevocationsUnavailable):
        await reader.revocations.of_user(ADA)
    own.signal(signal.SIGCONT)
    direct: Redis = Redis.from_url(own.server.url)
    await direct.set(ADA, "9")
    await until(lambda: reader.known(ADA) is None, SURE_FOR_S)
    assert await reader.revocations.of_user(ADA) == 9
    await direct.aclose()


async def test_a_brain_that_was_held_up_asks_first(own: OwnRedis, reader: Reader) -> None:
    """What was written meanwhile lies unread on its connection."""
    assert await learn(reader.revocations, ADA) == {ADA: 0}
    direct = socket.create_connection(("127.0.0.1", own.server.port))
    direct.sendall(f"AUTH secret\r\nSET {ADA} 9\r\n".encode())  # without the event loop, which is held up
    time.sleep(SURE_FOR_S)  # noqa: ASYNC251
    assert reader.known(ADA) is None
    assert await reader.revocations.of_user(ADA) == 9
    direct.close()


async def test_requests_are_refused_while_revocations_are_neither_heard_nor_asked_for(
    own: OwnRedis, reader: Reader, identity_client: IdentityClient, identity: Identity
) -> None:
    tokens = AccessTokens(SigningKeys(identity_client.jwks), "brain", reader.revocations)
    resolver = TenantResolver(identity_client, tokens, reader.revocations)
    identity.api_keys["bk_p_secret"] = {
        "tenantId": ACME["id"], "tenantSlug": "acme", "userId": None, "roles": [], "scopes": [], "plan": None,
        "locale": None, "channel": None,
    }  # fmt: skip
    credentials = [{"authorization": f"Bearer {identity.token()}"}, {"x-api-key": "bk_p_secret"}]
    for headers in credentials:
        assert resolver.known(headers) is None
        caller = await resolver.resolve(headers)
        assert resolver.known(headers) is caller
        assert caller.tenant_id == ACME["id"]
    own.kill()
    for headers in credentials:
        await until(lambda headers=headers: resolver.known(headers) is None, SURE_FOR_S)  # type: ignore[misc]
        with pytest.raises(RequestRefused) as refused:
            await resolver.resolve(headers)
        assert (refused.value.status, refused.value.code) == (503, "SERVICE_UNAVAILABLE")
    assert resolver.known({"host": "localhost"}), "who has no credential needs no mark"
