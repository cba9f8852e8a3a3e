"""Columns whose values are sealed: encrypted by the Vault, with a key of the subgraph that is derived per tenant.

    Column("phone", SealedText())

A value is sealed before it is written (`TenantSession.seal`) and stays sealed in everything that is read, until
somebody asks for it (`unseal`, by a loader for many): who does not select the field never waits for the Vault. The
column's type refuses a value that nobody has sealed. Without a Vault in the settings values are kept as typed.
"""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Dialect, MetaData, Table, Text, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import TypeDecorator

from resolvers.errors import SealedAway
from vault import Vault, VaultUnavailable

__all__ = ["Sealed", "SealedText", "Seals", "reseal", "seals_of"]

PURPOSE = "columns"
_VERSION = re.compile(r"vault:v(\d+):")
# Before what was typed and looks sealed, or begins like this itself.
_TYPED = "typed:"


class Sealed(str):
    """A value as it is stored."""

    __slots__ = ()


class SealedText(TypeDecorator[Sealed]):
    """A text column that holds sealed values, and takes no others."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Lets sealed values pass.

        Raises:
            TypeError: the value is not sealed.
        """
        if value is not None and not isinstance(value, Sealed):
            raise TypeError("a value for a sealed column must be sealed first")
        return value

    def process_result_value(self, value: str | None, dialect: Dialect) -> Sealed | None:  # noqa: ARG002
        """Marks what is read as sealed."""
        return None if value is None else Sealed(value)


class Seals:
    """Seals and unseals with the subgraph's key.

    Args:
        vault: access with the subgraph's role; None keeps values as they are.
    """

    def __init__(self, vault: Vault | None = None) -> None:
        self._vault = vault

    async def seal(self, tenant_id: UUID, values: Sequence[str]) -> list[Sealed]:
        """The values, sealed for a tenant; one request for all. What is sealed already stays as it is.

        Raises:
            SealedAway: the Vault is away.
        """
        if self._vault is None:
            return [value if isinstance(value, Sealed) else _typed(value) for value in values]
        new = [value.encode() for value in values if not isinstance(value, Sealed)]
        sealed = iter(await self._asked(self._vault.encrypt(PURPOSE, tenant_id, new)))
        return [value if isinstance(value, Sealed) else Sealed(next(sealed)) for value in values]

    async def unseal(self, tenant_id: UUID, values: Sequence[str]) -> list[str]:
        """What was sealed, for the same tenant; one request for all. What never was stays as it is.

        Raises:
            SealedAway: the Vault is away.
            VaultError: a value was sealed for somebody else.
        """
        wanted = [value for value in values if isinstance(value, Sealed) and _VERSION.match(value)]
        opened: dict[str, bytes] = {}
        if wanted:
            if self._vault is None:
                raise SealedAway("This value is sealed by a Vault, and none is set up.")
            found = await self._asked(self._vault.decrypt(PURPOSE, tenant_id, wanted))
            opened = dict(zip(wanted, found, strict=True))
        return [opened[value].decode() if value in opened else _as_typed(value) for value in values]

    async def renewed(self, tenant_id: UUID, values: Sequence[str]) -> list[Sealed]:
        """The values under the newest version of the key: old ones rewrapped, unsealed ones sealed.

        Raises:
            SealedAway: the Vault is away, or none is set up.
        """
        if self._vault is None:
            raise SealedAway("There is no Vault to seal with.")
        (probe,) = await self._asked(self._vault.encrypt(PURPOSE, tenant_id, [b""]))
        newest = _version(probe)
        old = [value for value in values if _version(value) not in (None, newest)]
        rewrapped = dict(zip(old, await self._asked(self._vault.rewrap(PURPOSE, tenant_id, old)), strict=True))
        plain = [_as_typed(value) for value in values if _version(value) is None]
        sealed = iter(await self.seal(tenant_id, plain))
        return [next(sealed) if _version(value) is None else Sealed(rewrapped.get(value, value)) for value in values]

    async def close(self) -> None:
        """Gives the access to the Vault back."""
        if self._vault is not None:
            await self._vault.close()

    async def _asked(self, request: Any) -> Any:
        try:
            return await request
        except VaultUnavailable as error:
            raise SealedAway from error


def _typed(value: str) -> Sealed:
    return Sealed(_TYPED + value if value.startswith((_TYPED, "vault:v")) else value)


def _as_typed(value: str) -> str:
    return value.removeprefix(_TYPED) if isinstance(value, Sealed) else value


def _version(value: str) -> int | None:
    found = _VERSION.match(value)
    return None if found is None else int(found[1])


def seals_of(settings: Any, context: str) -> Seals:
    """The seals of a subgraph; without a Vault in the settings, those that keep values as they are.

    Raises:
        VaultError: there is a Vault, and not who we are to it.
    """
    return Seals(None if settings.vault_address is None else Vault.from_settings(settings, f"subgraph-{context}"))


async def reseal(connection: AsyncConnection, metadata: MetaData, seals: Seals, batch: int = 500) -> int:
    """Brings every sealed value of a context under the newest version of its key; returns how many were not.

    Args:
        connection: as the owner of the tables; committed after each batch, so that it may be ended and begun again.
        metadata: of the context's tables; those with sealed columns have `id` and `tenant_id`.
        seals: of the context.
        batch: rows at a time.

    Raises:
        SealedAway: the Vault is away; what is done stays done.
    """
    changed = 0
    for table in metadata.sorted_tables:
        for column in (column for column in table.c if isinstance(column.type, SealedText)):
            tenants = (await connection.execute(select(table.c.tenant_id).where(column.is_not(None)).distinct())).all()
            for (tenant_id,) in tenants:
                changed += await _reseal(connection, table, column, tenant_id, seals, batch)
    return changed


async def _reseal(
    connection: AsyncConnection, table: Table, column: ColumnElement[Any], tenant_id: UUID, seals: Seals, batch: int
) -> int:
    changed = 0
    mine = select(table.c.id, column).where(table.c.tenant_id == tenant_id, column.is_not(None))
    after: UUID | None = None
    while rows := (
        await connection.execute(
            (mine if after is None else mine.where(table.c.id > after)).order_by(table.c.id).limit(batch)
        )
    ).all():
        values = await seals.renewed(tenant_id, [row[1] for row in rows])
        for (row_id, before), value in zip(rows, values, strict=True):
            if value != before:
                # Only if nobody has changed it meanwhile.
                same = (table.c.id == row_id, column == before)
                changed += (await connection.execute(update(table).where(*same).values({column: value}))).rowcount
        await connection.commit()
        after = rows[-1][0]
    return changed
