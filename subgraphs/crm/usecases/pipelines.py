"""Pipelines: created, and their stages added, renamed, put in order.

Whoever changes a pipeline's stages locks the pipeline first, and each change counts its version up: two people who
reorder at the same time do not undo one another unawares.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.crm import domain
from subgraphs.crm.domain import Pipeline, Stage, StageDraft
from subgraphs.crm.domain.errors import PipelineNotFound, StageNotFound, check_version
from subgraphs.crm.domain.values import required_text
from subgraphs.crm.repository import pipelines

__all__ = ["create_pipeline", "create_stage", "rename_stage", "reorder_stages"]


async def create_pipeline(
    session: TenantSession, name: str, drafts: Sequence[StageDraft], *, make_default: bool
) -> Pipeline:
    """A new pipeline with stages; the tenant's default if asked for, or if there is none."""
    now = datetime.now(UTC)
    default = await pipelines.default_pipeline(session)
    is_default = make_default or default is None
    pipeline = Pipeline(uuid4(), required_text("name", name, 100), is_default, 1, now, now)
    stages = domain.draft_stages(pipeline.id, [(uuid4(), draft) for draft in drafts])
    if is_default and default is not None:
        await pipelines.unset_default_pipeline(session)
    await pipelines.add_pipeline(session, pipeline)
    await pipelines.add_stages(session, stages)
    return pipeline


async def create_stage(
    session: TenantSession, pipeline_id: UUID, draft: StageDraft, position: int | None, expected_version: int | None
) -> tuple[Pipeline, Stage]:
    """The pipeline with one stage more, and that stage."""
    pipeline = await _locked(session, pipeline_id, expected_version)
    (before,) = await pipelines.stages_of_pipelines(session, [pipeline_id])
    stage_id = uuid4()
    after = domain.add_stage(before, stage_id, draft, position)
    (stage,) = (stage for stage in after if stage.id == stage_id)
    await pipelines.add_stages(session, [stage])
    await _write_moved(session, before, after)
    return await _counted_up(session, pipeline), stage


async def rename_stage(
    session: TenantSession, stage_id: UUID, name: str, expected_version: int | None
) -> tuple[Pipeline, Stage]:
    """The stage with another name, and its pipeline."""
    (found,) = await pipelines.find_stages(session, [stage_id])
    if found is None:
        raise StageNotFound
    pipeline = await _locked(session, found.pipeline_id, expected_version)
    (stages,) = await pipelines.stages_of_pipelines(session, [pipeline.id])
    stage = domain.rename_stage(stages, stage_id, name)
    await pipelines.change_stage(session, stage)
    return await _counted_up(session, pipeline), stage


async def reorder_stages(
    session: TenantSession, pipeline_id: UUID, order: Sequence[UUID], expected_version: int | None
) -> Pipeline:
    """The pipeline with its stages in the order given."""
    pipeline = await _locked(session, pipeline_id, expected_version)
    (before,) = await pipelines.stages_of_pipelines(session, [pipeline_id])
    await _write_moved(session, before, domain.reorder_stages(before, order))
    return await _counted_up(session, pipeline)


async def _write_moved(session: TenantSession, before: Sequence[Stage], after: Sequence[Stage]) -> None:
    positions = {stage.id: stage.position for stage in before}
    for stage in after:
        if positions.get(stage.id, stage.position) != stage.position:
            await pipelines.change_stage(session, stage)


async def _locked(session: TenantSession, pipeline_id: UUID, expected_version: int | None) -> Pipeline:
    pipeline = await pipelines.pipeline_for_update(session, pipeline_id)
    if pipeline is None:
        raise PipelineNotFound
    check_version(pipeline.version, expected_version)
    return pipeline


async def _counted_up(session: TenantSession, pipeline: Pipeline) -> Pipeline:
    changed = replace(pipeline, version=pipeline.version + 1, updated_at=datetime.now(UTC))
    await pipelines.change_pipeline(session, changed)
    return changed
