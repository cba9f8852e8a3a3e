"""A pipeline is the aggregate of its stages: open ones first, then those that close a lead as won or lost."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from subgraphs.crm.domain.errors import DuplicateName, InvalidStageOrder, InvalidValue
from subgraphs.crm.domain.values import LeadStatus, checked_score, required_text

__all__ = [
    "MAX_STAGES",
    "Pipeline",
    "Stage",
    "StageDraft",
    "add_stage",
    "draft_stages",
    "rename_stage",
    "reorder_stages",
]

MAX_STAGES = 40


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A row of `crm.pipelines`, without its tenant. A tenant has at most one default pipeline."""

    id: UUID
    name: str
    is_default: bool
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    """A row of `crm.stages`, without its tenant.

    Attributes:
        status: what a lead becomes in this stage; never changes.
        position: place in the pipeline, from 0 without gaps.
        probability: chance of winning from here, in percent: 100 where won, 0 where lost.
    """

    id: UUID
    pipeline_id: UUID
    name: str
    status: LeadStatus
    position: int
    probability: int


@dataclass(frozen=True, slots=True)
class StageDraft:
    """A stage as a user asks for it; checked when made. `probability` counts for open stages only."""

    name: str
    status: LeadStatus = LeadStatus.OPEN
    probability: int = 0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "name", required_text("name", self.name, 100))
        if self.status is LeadStatus.OPEN:
            checked_score("probability", self.probability)
        else:
            put(self, "probability", 100 if self.status is LeadStatus.WON else 0)


def draft_stages(pipeline_id: UUID, drafts: Sequence[tuple[UUID, StageDraft]]) -> tuple[Stage, ...]:
    """The stages of a new pipeline in the order given.

    Raises:
        InvalidStageOrder: a closing stage before an open one, or no stage of one of the three statuses.
        DuplicateName: two stages of one name, whatever its case.
        InvalidValue: more than `MAX_STAGES`.
    """
    stages: tuple[Stage, ...] = ()
    for stage_id, draft in drafts:
        _check_room(stages)
        _check_free(stages, draft.name)
        stages += (Stage(stage_id, pipeline_id, draft.name, draft.status, len(stages), draft.probability),)
    return _checked(stages)


def add_stage(stages: Sequence[Stage], stage_id: UUID, draft: StageDraft, position: int | None) -> tuple[Stage, ...]:
    """All stages with the new one at `position`, by default the last of its kind (open, or closing).

    Raises:
        InvalidStageOrder: the position puts a closing stage before an open one.
        DuplicateName: another stage has the name, whatever its case.
        InvalidValue: no such position, or `MAX_STAGES` are there.
    """
    _check_room(stages)
    _check_free(stages, draft.name)
    open_count = sum(stage.status is LeadStatus.OPEN for stage in stages)
    default = open_count if draft.status is LeadStatus.OPEN else len(stages)
    index = default if position is None else position
    if not 0 <= index <= len(stages):
        raise InvalidValue("position", f"must be from 0 to {len(stages)}")
    new = Stage(stage_id, stages[0].pipeline_id, draft.name, draft.status, index, draft.probability)
    return _checked(_numbered([*stages[:index], new, *stages[index:]]))


def rename_stage(stages: Sequence[Stage], stage_id: UUID, name: str) -> Stage:
    """That stage with another name.

    Raises:
        DuplicateName: another stage of the pipeline has it, whatever its case.
        InvalidValue: the name is blank or too long.
    """
    stage = next(stage for stage in stages if stage.id == stage_id)
    name = required_text("name", name, 100)
    _check_free([other for other in stages if other.id != stage_id], name)
    return replace(stage, name=name)


def reorder_stages(stages: Sequence[Stage], order: Sequence[UUID]) -> tuple[Stage, ...]:
    """All stages in the order of ids given.

    Raises:
        InvalidStageOrder: the ids are not exactly those of the pipeline's stages, or a closing stage comes before an
            open one.
    """
    by_id = {stage.id: stage for stage in stages}
    if len(order) != len(by_id) or set(order) != set(by_id):
        raise InvalidStageOrder("Name each stage of the pipeline exactly once.")
    return _checked(_numbered([by_id[stage_id] for stage_id in order]))


def _numbered(stages: Sequence[Stage]) -> tuple[Stage, ...]:
    return tuple(replace(stage, position=position) for position, stage in enumerate(stages))


def _check_room(stages: Sequence[Stage]) -> None:
    if len(stages) >= MAX_STAGES:
        raise InvalidValue("stages", f"must be at most {MAX_STAGES}")


def _check_free(stages: Sequence[Stage], name: str) -> None:
    # lower(), not casefold(): the unique index compares PostgreSQL's lower().
    if any(stage.name.lower() == name.lower() for stage in stages):
        raise DuplicateName(f"The pipeline already has a stage named '{name}'.")


def _checked(stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
    statuses = [stage.status for stage in stages]
    missing = [status.name for status in LeadStatus if status not in statuses]
    if missing:
        raise InvalidStageOrder(f"A pipeline needs a stage of each status; {', '.join(missing)} has none.")
    closing = [status is not LeadStatus.OPEN for status in statuses]
    if closing != sorted(closing):
        raise InvalidStageOrder("Open stages come before those that close a lead.")
    return stages
