"""What the context `told` publishes in these tests, and the table in which `hears` keeps what it has heard."""

from dataclasses import dataclass

from sqlalchemy import Column, Integer, MetaData, Table, Text, Uuid

from resolvers.events.declaration import event

EFFECTS = Table(
    "effects",
    MetaData(),
    Column("tenant_id", Uuid, nullable=False),
    Column("aggregate", Text, nullable=False),
    Column("number", Integer, nullable=False),
)

MIGRATION = """
from alembic import op
from resolvers.migrations import protect

revision = "0001"
down_revision = None

def upgrade():
    op.execute(
        "create table {context}.effects ("
        "position bigint generated always as identity, tenant_id uuid not null, aggregate text, number int)"
    )
    protect("{context}", "effects")
"""


@event("told.counted", version=1, about="thing")
@dataclass(frozen=True, slots=True)
class Counted:
    """Something was counted."""

    thing: str
    number: int


@event("told.renamed", version=2, about="thing")
@dataclass(frozen=True, slots=True)
class Renamed:
    """Something got another name."""

    thing: str
    name: str
