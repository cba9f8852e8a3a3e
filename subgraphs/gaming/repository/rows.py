"""The domain's dataclasses as rows, and constraint violations as what they mean to users."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Table, func, insert, select, update

from resolvers.errors import DomainError
from resolvers.loaders import aligned
from resolvers.pagination import Page, Window, fetch_page, fetch_pages
from resolvers.rows import among, columns_of, refusing
from resolvers.session import TenantSession
from subgraphs.gaming.domain.errors import (
    AlreadyRegistered,
    GameNotFound,
    NameTaken,
    PlayerExists,
    PlayerNotFound,
    ScoreKeyReused,
)

__all__ = ["Rows"]

T = TypeVar("T")

_REFUSALS: dict[str, Callable[[], DomainError]] = {
    "uq_games_name": NameTaken,
    "uq_players_account": PlayerExists,
    "uq_players_handle": lambda: NameTaken("Another player has this handle."),
    "uq_sessions_score_key": ScoreKeyReused,
    "fk_sessions_tenant_id_game_id": GameNotFound,
    "fk_sessions_tenant_id_player_id": PlayerNotFound,
    "fk_achievements_tenant_id_game_id": GameNotFound,
    "uq_tournament_entries_player": AlreadyRegistered,
    "fk_seasons_tenant_id_game_id": GameNotFound,
}


class Rows(Generic[T]):
    """A table whose rows are dataclasses of one kind; the fields are columns of the same names."""

    def __init__(self, table: Table, entity: Callable[..., T]) -> None:
        self.table = table
        self._entity = entity
        self.columns: tuple[ColumnElement[Any], ...] = columns_of(table, entity)

    def of(self, row: Row[Any]) -> T:
        """What a row of `self.columns`, and any others after them, is."""
        return self._entity(*row[: len(self.columns)])

    def statement(self, *others: ColumnElement[Any]) -> Select[Any]:
        """Selects the columns, and `others` after them."""
        return select(*self.columns, *others)

    async def find(self, session: TenantSession, ids: Sequence[UUID]) -> list[T | None]:
        """The row of each id, in their order. One statement."""
        rows = await session.rows(self.statement().where(among(self.table.c.id, ids)))
        return aligned(ids, {row.id: self.of(row) for row in rows})

    async def first(self, session: TenantSession, *conditions: ColumnElement[bool], lock: bool = False) -> T | None:
        """One that fits, or None; with `lock`, nobody else changes it before the transaction ends."""
        statement = self.statement().where(*conditions).limit(1)
        row = await session.row(statement.with_for_update(key_share=True) if lock else statement)
        return None if row is None else self.of(row)

    async def page(self, session: TenantSession, window: Window, *conditions: ColumnElement[bool]) -> Page[T]:
        """A page of those that fit. One statement."""
        return self._page(await fetch_page(session, self._windowed(window).where(*conditions), window))

    async def pages(
        self,
        session: TenantSession,
        parent: ColumnElement[UUID],
        parents: Iterable[UUID],
        window: Window,
        *conditions: ColumnElement[bool],
    ) -> list[Page[T]]:
        """A page for each of `parents`. One statement."""
        found = await fetch_pages(session, self._windowed(window).where(*conditions), parent, parents, window)
        return [self._page(page) for page in found]

    async def count(self, session: TenantSession, *conditions: ColumnElement[bool]) -> int:
        """How many fit."""
        return int(await session.scalar(select(func.count()).select_from(self.table).where(*conditions)))

    async def add(self, session: TenantSession, *new: T) -> None:
        """Writes new ones; without any, nothing.

        Raises:
            DomainError: a constraint that has a meaning to users does not hold.
        """
        if new:
            tenant_id = session.tenant_id()
            with refusing(_REFUSALS):
                await session.execute(insert(self.table), [{"tenant_id": tenant_id, **_values(each)} for each in new])

    async def change(self, session: TenantSession, entity: T) -> None:
        """Writes one anew, which the transaction should have locked.

        Raises:
            DomainError: a constraint that has a meaning to users does not hold.
        """
        values = _values(entity)
        row_id: UUID = values.pop("id")
        with refusing(_REFUSALS):
            await session.execute(update(self.table).where(self.table.c.id == row_id).values(values))

    def _windowed(self, window: Window) -> Select[Any]:
        held = {column.key for column in self.columns}
        return self.statement(*(key.column for key in window.ordering.keys if key.name not in held))

    def _page(self, page: Page[Row[Any]]) -> Page[T]:
        return Page(tuple(self.of(row) for row in page.rows), page.cursors, page.info)


def _values(entity: Any) -> dict[str, Any]:
    return {each.name: getattr(entity, each.name) for each in fields(entity)}
