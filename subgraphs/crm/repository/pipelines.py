"""Pipelines with their stages: statements that read and write `crm.pipelines` and `crm.stages`."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, update

from resolvers.loaders import aligned
from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.crm.domain import Pipeline, Stage
from subgraphs.crm.repository.rows import insert_rows, update_row
from subgraphs.crm.tables import pipelines, stages

__all__ = [
    "add_pipeline",
    "add_stages",
    "all_pipelines",
    "change_pipeline",
    "change_stage",
    "default_pipeline",
    "find_pipelines",
    "find_stages",
    "pipeline_for_update",
    "stages_of_pipelines",
    "unset_default_pipeline",
]

_PIPELINE = columns_of(pipelines, Pipeline)
_STAGE = columns_of(stages, Stage)


async def all_pipelines(session: TenantSession) -> list[Pipeline]:
    """All pipelines of the tenant: the default one first, then by name."""
    rows = await session.rows(
        select(*_PIPELINE).order_by(pipelines.c.is_default.desc(), pipelines.c.name_key, pipelines.c.id)
    )
    return [_pipeline(row) for row in rows]


async def find_pipelines(session: TenantSession, ids: Iterable[UUID]) -> list[Pipeline | None]:
    """The pipeline of each id, in their order. One statement."""
    wanted = list(ids)
    rows = await session.rows(select(*_PIPELINE).where(among(pipelines.c.id, wanted)))
    return aligned(wanted, {row.id: _pipeline(row) for row in rows})


async def default_pipeline(session: TenantSession) -> Pipeline | None:
    """The tenant's default pipeline."""
    return await _one(session, select(*_PIPELINE).where(pipelines.c.is_default))


async def pipeline_for_update(session: TenantSession, pipeline_id: UUID) -> Pipeline | None:
    """The pipeline, locked until the transaction ends: whoever changes its stages holds this lock."""
    return await _one(session, select(*_PIPELINE).where(pipelines.c.id == pipeline_id).with_for_update())


async def find_stages(session: TenantSession, ids: Iterable[UUID]) -> list[Stage | None]:
    """The stage of each id, in their order. One statement."""
    wanted = list(ids)
    rows = await session.rows(select(*_STAGE).where(among(stages.c.id, wanted)))
    return aligned(wanted, {row.id: _stage(row) for row in rows})


async def stages_of_pipelines(session: TenantSession, ids: Sequence[UUID]) -> list[tuple[Stage, ...]]:
    """The stages of each pipeline by position, in the order of ids. One statement."""
    rows = await session.rows(
        select(*_STAGE).where(among(stages.c.pipeline_id, ids)).order_by(stages.c.pipeline_id, stages.c.position)
    )
    found: dict[UUID, list[Stage]] = {}
    for row in rows:
        found.setdefault(row.pipeline_id, []).append(_stage(row))
    return [tuple(found.get(pipeline_id, ())) for pipeline_id in ids]


async def add_pipeline(session: TenantSession, *new: Pipeline) -> None:
    """Writes new pipelines.

    Raises:
        DuplicateName: another pipeline has the name.
        Conflict: another pipeline is the default.
    """
    await insert_rows(session, pipelines, *new)


async def unset_default_pipeline(session: TenantSession) -> None:
    """Leaves the tenant without a default pipeline."""
    await session.execute(
        update(pipelines).where(pipelines.c.is_default).values(is_default=False, version=pipelines.c.version + 1)
    )


async def change_pipeline(session: TenantSession, pipeline: Pipeline) -> None:
    """Writes a pipeline that `pipeline_for_update` gave, as it is now. Raises as `add_pipeline`."""
    await update_row(session, pipelines, pipeline)


async def add_stages(session: TenantSession, new: Sequence[Stage]) -> None:
    """Writes new stages.

    Raises:
        DuplicateName: another stage of the pipeline has the name.
    """
    await insert_rows(session, stages, *new)


async def change_stage(session: TenantSession, stage: Stage) -> None:
    """Writes a stage as it is now; its pipeline should be locked. Raises as `add_stages`."""
    await update_row(session, stages, stage)


async def _one(session: TenantSession, statement: Select[Any]) -> Pipeline | None:
    row = await session.row(statement)
    return None if row is None else _pipeline(row)


def _pipeline(row: Row[Any]) -> Pipeline:
    return Pipeline(*row[: len(_PIPELINE)])


def _stage(row: Row[Any]) -> Stage:
    return Stage(*row[: len(_STAGE)])
