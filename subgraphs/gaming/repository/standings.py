"""Standings: the players' best scores. What boards are made of, and what they are read from where Redis has none."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, text, tuple_, union_all, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Window
from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.gaming.domain.boards import Board, BoardPage, Entry, Standing
from subgraphs.gaming.domain.games import GameScoring
from subgraphs.gaming.domain.sessions import GameSession, SessionStatus
from subgraphs.gaming.repository.rows import Rows
from subgraphs.gaming.tables import sessions, standings

__all__ = [
    "BY_RANK",
    "around_in_sql",
    "best_session",
    "chunk",
    "count_score",
    "freeze",
    "fresh_standings",
    "page_in_sql",
    "replace_best",
    "standings_by_id",
]

STANDINGS: Final = Rows(standings, Standing)
BY_RANK: Final = Ordering(
    "RANK",
    Key(standings.c.rank_key, nullable=False),
    Key(standings.c.achieved_at, nullable=False),
    Key(standings.c.player_id),
)
_PLACE: Final = tuple_(standings.c.rank_key, standings.c.achieved_at, standings.c.player_id)
# Before a tenant is known: the function runs as the owner of the tables and tells ids alone.
_FRESH: Final = text("select tenant_id, standing_id from gaming.fresh_standings(:since, :most, :after)")


def _on(board: Board) -> ColumnElement[bool]:
    season = standings.c.season_id
    here = season.is_(None) if board.season_id is None else season == board.season_id
    return and_(standings.c.game_id == board.game_id, here)


def _scored(board: Board) -> ColumnElement[bool]:
    return and_(_on(board), standings.c.rank_key.is_not(None))


def _count(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(func.count()).select_from(standings).where(*conditions)


def _total(here: ColumnElement[bool], *, frozen: bool) -> Select[Any]:
    """How many lines: of a frozen board the last rank, which an index finds."""
    if not frozen:
        return _count(here)
    return select(standings.c.final_rank).where(here).order_by(*BY_RANK.order_by(reverse=True)).limit(1)


async def count_score(session: TenantSession, finished: GameSession, rank_key: int) -> list[Standing]:
    """Has a score its effect on the boards that it counts on, and returns the standings that have changed by it.

    One statement. Who reaches their own best again has reached it before.
    """
    boards = dict.fromkeys((None, finished.season_id))
    values = [
        {
            "tenant_id": session.tenant_id(),
            "game_id": finished.game_id,
            "season_id": season_id,
            "player_id": finished.player_id,
            "session_id": finished.id,
            "rank_key": rank_key,
            "achieved_at": finished.finished_at,
            "version": 1,
        }
        for season_id in boards
    ]
    new = insert(standings).values(values)
    better = or_(standings.c.rank_key.is_(None), new.excluded.rank_key < standings.c.rank_key)
    changed = {name: new.excluded[name] for name in ("session_id", "rank_key", "achieved_at")}
    upsert = new.on_conflict_do_update(
        constraint="uq_standings_player", set_={**changed, **_CHANGED}, where=better
    ).returning(*STANDINGS.columns)
    return [STANDINGS.of(row) for row in await session.rows(upsert)]


_CHANGED: Final[dict[str, Any]] = {"version": standings.c.version + 1, "updated_at": func.clock_timestamp()}


async def best_session(session: TenantSession, board: Board, player_id: UUID, scoring: GameScoring) -> Any:
    """The id, score and moment of the player's best session that counts on the board; None if there is none."""
    columns = sessions.c
    statement = select(columns.id, columns.score, columns.finished_at).where(
        columns.player_id == player_id, columns.game_id == board.game_id, columns.status == SessionStatus.FINISHED
    )
    if board.season_id is not None:
        statement = statement.where(columns.season_id == board.season_id)
    best = columns.score.desc() if scoring is GameScoring.HIGHEST else columns.score
    return await session.row(statement.order_by(best, columns.finished_at, columns.id).limit(1))


async def replace_best(
    session: TenantSession,
    board: Board,
    player_id: UUID,
    best: tuple[UUID, int, datetime] | None,
) -> list[Standing]:
    """Makes another session (its id, rank key and moment), or none, the player's best on the board."""
    session_id, rank_key, achieved_at = best or (None, None, None)
    values = {"session_id": session_id, "rank_key": rank_key, "achieved_at": achieved_at, **_CHANGED}
    statement = update(standings).where(_on(board), standings.c.player_id == player_id).values(values)
    return [STANDINGS.of(row) for row in await session.rows(statement.returning(*STANDINGS.columns))]


async def chunk(session: TenantSession, board: Board, after: UUID | None, size: int) -> list[Standing]:
    """Standings of a board after a player's, by the players' ids: to read all of them in parts."""
    statement = STANDINGS.statement().where(_on(board)).order_by(standings.c.player_id).limit(size)
    if after is not None:
        statement = statement.where(standings.c.player_id > after)
    return [STANDINGS.of(row) for row in await session.rows(statement)]


async def page_in_sql(session: TenantSession, board: Board, window: Window, *, frozen: bool) -> BoardPage:
    """As `Boards.page`, from PostgreSQL: what is frozen is read by index, anything else is counted. One statement."""
    here = _scored(board)
    page = window.apply(select(*_SHOWN).where(here)).subquery()
    before: ColumnElement[Any] = literal(0)
    if window.after is not None and not frozen:
        before = _count(here, _place(window.after) >= _PLACE).scalar_subquery()
    total = _total(here, frozen=frozen)
    shown = select(page, before.label("before"), total.scalar_subquery().label("total"))
    rows = await session.rows(shown.order_by(*(page.c[key.name] for key in BY_RANK.keys)))
    if not rows:
        return BoardPage((), int(await session.scalar(total) or 0), more=False)
    first = rows[0].final_rank if frozen else rows[0].before + 1
    entries = tuple(_entry(row, rank) for rank, row in enumerate(rows[: window.size], start=first))
    return BoardPage(entries, rows[0].total, len(rows) > window.size)


async def around_in_sql(
    session: TenantSession, board: Board, player_id: UUID, radius: int, *, frozen: bool
) -> BoardPage:
    """As `Boards.around`, from PostgreSQL. Four statements."""
    here = _scored(board)
    total = int(await session.scalar(_total(here, frozen=frozen)) or 0)
    own = await session.row(select(*_SHOWN).where(here, standings.c.player_id == player_id))
    if own is None:
        return BoardPage((), total, more=False)
    place = _place((own.rank_key, own.achieved_at, own.player_id))
    rank = own.final_rank if frozen else int(await session.scalar(_count(here, place >= _PLACE)))
    upwards, downwards = BY_RANK.order_by(reverse=True), BY_RANK.order_by(reverse=False)
    above = select(*_SHOWN).where(here, place > _PLACE).order_by(*upwards).limit(radius)
    below = select(*_SHOWN).where(here, place < _PLACE).order_by(*downwards).limit(radius)
    # In one statement, so that they are of one moment; the order of its parts is not kept by itself.
    rows = await session.rows(union_all(above.subquery().select(), below.subquery().select()))
    placed = sorted([own, *rows], key=lambda row: (row.rank_key, row.achieved_at, row.player_id))
    first = rank - placed.index(own)
    entries = tuple(_entry(row, number) for number, row in enumerate(placed, start=first))
    return BoardPage(entries, total, first + len(placed) - 1 < total)


async def freeze(session: TenantSession, board: Board) -> None:
    """Writes every rank of a board down."""
    here = _scored(board)
    ranked = select(
        standings.c.id, func.row_number().over(order_by=BY_RANK.order_by(reverse=False)).label("rank")
    ).where(here)
    final = ranked.subquery()
    await session.execute(update(standings).where(standings.c.id == final.c.id).values(final_rank=final.c.rank))


async def fresh_standings(
    session: TenantSession, since: datetime, most: int, after: UUID | None
) -> Sequence[tuple[UUID, UUID]]:
    """Tenants and ids of standings that have changed since a moment, by their ids. For a session without a tenant."""
    rows = await session.rows(_FRESH, {"since": since, "most": most, "after": after})
    return [(row.tenant_id, row.standing_id) for row in rows]


async def standings_by_id(session: TenantSession, ids: Iterable[UUID]) -> list[Standing]:
    """Standings on boards that are not frozen."""
    statement = STANDINGS.statement().where(among(standings.c.id, ids), standings.c.final_rank.is_(None))
    return [STANDINGS.of(row) for row in await session.rows(statement)]


_SHOWN: Final = (
    standings.c.rank_key,
    standings.c.achieved_at,
    standings.c.player_id,
    standings.c.final_rank,
)


def _place(values: Sequence[Any]) -> ColumnElement[Any]:
    return tuple_(*(literal(value, key.column.type) for value, key in zip(values, BY_RANK.keys, strict=True)))


def _entry(row: Any, rank: int) -> Entry:
    return Entry(rank, row.rank_key, row.achieved_at, row.player_id)
