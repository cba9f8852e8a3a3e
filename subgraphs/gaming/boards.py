"""Leaderboards in Redis: a copy of what PostgreSQL has, in which a rank is found without counting.

A board is four keys, which begin with its tenant, game and season:

- `ranking`: a sorted set. The score is the standing's rank key, the member when it was reached (microseconds, as 16
  hexadecimal digits) and by whom: equal scores are in the order in which they were reached.
- `players`: a hash of player -> version of the standing and its member, empty for who has no score any more.
- `state`: a hash: whether the board is complete, how long the others must then be, and who is building it.
- `bell`: wakes those who watch (`resolvers.bells`); its numbers are moments.

A standing is put once and for all under its version: in whatever order, and however often, standings are put, the
newest of each player stays. So a board is built from PostgreSQL while scores arrive. What was lost (all of Redis, or
one of the keys) is noticed by the next who reads, since the state is lost with it or does not fit any more; a board
that is being built when it is lost is not taken for complete, since the builder's token is lost too.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from redis.asyncio import Redis

from resolvers.bells import Bells
from subgraphs.gaming.domain.boards import Board, BoardPage, Entry, Standing

__all__ = ["BoardKey", "Boards"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_BUILDER_LIVES_S: Final = 30
_BELL_LIVES_S: Final = 24 * 3600
_SWEPT: Final = "gaming:swept"

# KEYS of all scripts: ranking, players, state, bell.
_COMMON: Final = """
local function complete()
  local s = redis.call('HMGET', KEYS[3], 'ready', 'live', 'known')
  return s[1] and redis.call('ZCARD', KEYS[1]) == tonumber(s[2]) and redis.call('HLEN', KEYS[2]) == tonumber(s[3])
end
local function note()
  redis.call('HSET', KEYS[3], 'live', redis.call('ZCARD', KEYS[1]), 'known', redis.call('HLEN', KEYS[2]))
end
local function ring()
  local now = redis.call('TIME')
  -- Refused if the bell was rung in this very microsecond: then it is being heard.
  redis.pcall('XADD', KEYS[4], 'MAXLEN', '~', 10, string.format('%d%06d-0', now[1], now[2]), 'n', 1)
  redis.call('EXPIRE', KEYS[4], {bell})
end
""".replace("{bell}", str(_BELL_LIVES_S))

# ARGV: the builder's token or nothing; then player, version, rank key, moment for each. Without a token, a board that
# is neither complete nor being built is left alone: whoever watches it reads what is put here from PostgreSQL, and has
# it built.
_PUT: Final = (
    _COMMON
    + """
local token = ARGV[1]
local whole = complete()
local building = redis.call('HGET', KEYS[3], 'building')
if token ~= '' then
  if building ~= token then return 0 end
  redis.call('HSET', KEYS[3], 'at', redis.call('TIME')[1])
elseif not whole and not building then
  ring()
  return 0
end
local changed = false
for i = 2, #ARGV, 4 do
  local player, version, key, moment = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local known = redis.call('HGET', KEYS[2], player)
  local old_version, old_member = 0, ''
  if known then old_version, old_member = string.match(known, '^(%d+) (.*)$') end
  if tonumber(version) > tonumber(old_version) then
    if old_member ~= '' then redis.call('ZREM', KEYS[1], old_member) end
    local member = ''
    if key ~= '' then
      member = moment .. ':' .. player
      redis.call('ZADD', KEYS[1], key, member)
    end
    redis.call('HSET', KEYS[2], player, version .. ' ' .. member)
    changed = true
  end
end
if changed and whole then
  note()
  ring()
end
return 1
"""
)

# ARGV: the new builder's token, how long a builder that is not heard of is waited for.
_BEGIN: Final = """
local now = redis.call('TIME')[1]
local s = redis.call('HMGET', KEYS[3], 'building', 'at')
if s[1] and tonumber(now) - tonumber(s[2]) < tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('HSET', KEYS[3], 'building', ARGV[1], 'at', now)
return 1
"""

# ARGV: the builder's token.
_COMPLETE: Final = (
    _COMMON
    + """
if redis.call('HGET', KEYS[3], 'building') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[3], 'building', 'at')
redis.call('HSET', KEYS[3], 'ready', 1)
note()
ring()
return 1
"""
)

_DROP: Final = (
    _COMMON
    + """
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
ring()
"""
)

# ARGV: the place after which to begin (rank key, member), or nothing twice; how many. The place need not be there (any
# more). Bytes are compared by hand: Lua compares texts as the server's language does, sorted sets by their bytes.
_PAGE: Final = (
    _COMMON
    + """
if not complete() then return false end
local function after(member, other)
  for i = 1, math.min(#member, #other) do
    local a, b = string.byte(member, i), string.byte(other, i)
    if a ~= b then return a > b end
  end
  return #member > #other
end
local total, start = redis.call('ZCARD', KEYS[1]), 0
if ARGV[1] ~= '' then
  local key, low, high = tonumber(ARGV[1]), 0, total
  while low < high do
    local middle = math.floor((low + high) / 2)
    local found = redis.call('ZRANGE', KEYS[1], middle, middle, 'WITHSCORES')
    local score = tonumber(found[2])
    if score > key or (score == key and after(found[1], ARGV[2])) then high = middle else low = middle + 1 end
  end
  start = low
end
local size = tonumber(ARGV[3])
if size == 0 then return {total, start, {}} end
return {total, start, redis.call('ZRANGE', KEYS[1], start, start + size - 1, 'WITHSCORES')}
"""
)

# ARGV: a player, how many lines before and after theirs.
_AROUND: Final = (
    _COMMON
    + """
if not complete() then return false end
local total = redis.call('ZCARD', KEYS[1])
local known = redis.call('HGET', KEYS[2], ARGV[1])
local member = known and string.match(known, '^%d+ (.*)$') or ''
if member == '' then return {total, 0, {}} end
local rank, radius = redis.call('ZRANK', KEYS[1], member), tonumber(ARGV[2])
local start = math.max(0, rank - radius)
return {total, start, redis.call('ZRANGE', KEYS[1], start, rank + radius, 'WITHSCORES')}
"""
)


@dataclass(frozen=True, slots=True)
class BoardKey:
    """A board of a tenant."""

    tenant_id: UUID
    board: Board

    @property
    def keys(self) -> tuple[str, str, str, str]:
        """Of ranking, players, state, bell. They are on one server of a cluster."""
        name = f"gaming:{{{self.tenant_id}:{self.board.game_id}:{self.board.season_id or 'ever'}}}"
        return f"{name}:ranking", f"{name}:players", f"{name}:state", f"{name}:bell"


class Boards:
    """Writes and reads boards. All methods raise `redis.RedisError` or `OSError` where Redis does not answer.

    Args:
        redis: answers fast or not at all.
        bells: to wait for those that are rung here.
    """

    def __init__(self, redis: Redis, bells: Bells) -> None:
        self._redis = redis
        self._bells = bells
        self._put = redis.register_script(_PUT)
        self._begin = redis.register_script(_BEGIN)
        self._complete = redis.register_script(_COMPLETE)
        self._drop = redis.register_script(_DROP)
        self._page = redis.register_script(_PAGE)
        self._around = redis.register_script(_AROUND)

    async def put(self, key: BoardKey, standings: Sequence[Standing], token: str = "") -> bool:
        """Puts standings of one board.

        Args:
            token: of who builds the board.

        Returns:
            Whether they are there. Without a token they need not be: then the board is incomplete, and is to be built.
            With one, False says that the board was lost, or somebody else builds it.
        """
        arguments: list[str | int] = [token]
        for each in standings:
            scored = each.rank_key is not None and each.achieved_at is not None
            moment = "" if each.achieved_at is None else _moment(each.achieved_at)
            placed = (each.rank_key or 0, moment) if scored else ("", "")
            arguments += [str(each.player_id), each.version, *placed]
        return bool(await self._put(keys=key.keys, args=arguments))

    async def begin(self, key: BoardKey) -> str | None:
        """Empties a board to build it anew. The builder's token; None if somebody else builds it."""
        token = secrets.token_hex(8)
        return token if await self._begin(keys=key.keys, args=[token, _BUILDER_LIVES_S]) else None

    async def complete(self, key: BoardKey, token: str) -> bool:
        """Says that all standings were put, and whether the board is complete thereby: it may have been lost."""
        return bool(await self._complete(keys=key.keys, args=[token]))

    async def page(self, key: BoardKey, after: tuple[int, datetime, UUID] | None, size: int) -> BoardPage | None:
        """At most `size` lines after a place, whether or not anybody has it; None if the board is incomplete."""
        place = ("", "") if after is None else (after[0], f"{_moment(after[1])}:{after[2]}")
        return _read(await self._page(keys=key.keys, args=[*place, size]))

    async def around(self, key: BoardKey, player_id: UUID, radius: int) -> BoardPage | None:
        """A player's line and as many before and after it; none if the player has none. None if it is incomplete."""
        return _read(await self._around(keys=key.keys, args=[str(player_id), radius]))

    async def drop(self, key: BoardKey) -> None:
        """Forgets a board, and wakes those who watch it."""
        await self._drop(keys=key.keys)

    async def heard(self, key: BoardKey) -> int:
        """When the bell was rung last, for `wait`; 0 for never."""
        found = await self._redis.xrevrange(key.keys[3], count=1)
        return int(cast(bytes, found[0][0]).partition(b"-")[0]) if found else 0

    async def wait(self, key: BoardKey, heard: int, timeout_s: float) -> None:
        """Returns when the bell is rung after `heard`, or after `timeout_s`."""
        await self._bells.wait({key.keys[3]: heard}, timeout_s)

    async def swept_until(self) -> datetime | None:
        """Until when standings were swept, see `Sweeper`; None if Redis has lost it, and the boards with it."""
        found = await self._redis.get(_SWEPT)
        return None if found is None else datetime.fromisoformat(cast(bytes, found).decode())

    async def sweep_from(self, moment: datetime) -> None:
        """Notes until when standings were swept."""
        await self._redis.set(_SWEPT, moment.isoformat())

    async def close(self) -> None:
        """Closes all connections."""
        await self._redis.aclose()
        await self._bells.close()


def _moment(at: datetime) -> str:
    return f"{(at - _EPOCH) // _MICROSECOND:016x}"


def _read(answer: Any) -> BoardPage | None:
    if answer is None:
        return None
    total, start, found = answer
    entries = tuple(
        _entry(start + place, member.decode(), score)
        for place, (member, score) in enumerate(zip(found[::2], found[1::2], strict=True), start=1)
    )
    return BoardPage(entries, total, start + len(entries) < total)


def _entry(rank: int, member: str, score: bytes) -> Entry:
    moment, _, player = member.partition(":")
    return Entry(rank, int(float(score)), _EPOCH + int(moment, 16) * _MICROSECOND, UUID(player))
