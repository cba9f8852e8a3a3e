"""Leads: created, edited, moved, assigned, converted, deleted."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.crm import domain
from subgraphs.crm.domain import Contact, ContactDetails, Lead, LeadDetails, LeadStatus, Stage
from subgraphs.crm.domain.errors import (
    ContactNotFound,
    LeadNotFound,
    NoDefaultPipeline,
    PipelineNotFound,
    StageNotFound,
    StageNotInPipeline,
    check_version,
)
from subgraphs.crm.domain.values import in_major_units
from subgraphs.crm.events import LeadClosed
from subgraphs.crm.repository import contacts, leads, pipelines
from subgraphs.crm.usecases.automation import carry_out
from subgraphs.crm.usecases.members import check_assignee

__all__ = ["assign_lead", "convert_lead", "create_lead", "delete_lead", "first_stage", "move_lead", "update_lead"]

_DETAILS = tuple(field.name for field in fields(LeadDetails))


async def create_lead(
    session: TenantSession,
    details: LeadDetails,
    *,
    pipeline_id: UUID | None = None,
    stage_id: UUID | None = None,
    assignee_id: UUID | None = None,
    business_id: UUID | None = None,
    contact_id: UUID | None = None,
) -> Lead:
    """A new lead in the stage given, else in the first stage of the pipeline given, else of the default one.

    The rules of that stage are carried out; an assignee that is given stays.
    """
    await check_assignee(session, assignee_id)
    stage = await first_stage(session, pipeline_id, stage_id)
    lead = domain.open_lead(
        uuid4(),
        details,
        stage,
        datetime.now(UTC),
        assignee_id=assignee_id,
        business_id=business_id,
        contact_id=contact_id,
    )
    await leads.add_lead(session, lead)
    return await _written(session, lead, await carry_out(session, lead, stage, keeps_assignee=assignee_id is not None))


async def update_lead(
    session: TenantSession, lead_id: UUID, changes: Mapping[str, Any], expected_version: int | None
) -> Lead:
    """The lead with `changes`: names of `LeadDetails`, `business_id` and `contact_id`; what is absent stays."""
    lead = await _locked(session, lead_id, expected_version)
    details = LeadDetails(**{name: changes.get(name, getattr(lead, name)) for name in _DETAILS})
    business_id = changes.get("business_id", lead.business_id)
    contact_id = changes.get("contact_id", lead.contact_id)
    return await _written(session, lead, domain.edit(lead, details, business_id, contact_id, datetime.now(UTC)))


async def delete_lead(session: TenantSession, lead_id: UUID, expected_version: int | None) -> None:
    """Deletes a lead with its activities."""
    await _locked(session, lead_id, expected_version)
    await leads.remove_lead(session, lead_id)


async def move_lead(
    session: TenantSession, lead_id: UUID, stage_id: UUID, lost_reason: str | None, expected_version: int | None
) -> Lead:
    """The lead in another stage of its pipeline, after what that stage's rules do."""
    lead = await _locked(session, lead_id, expected_version)
    (stage,) = await pipelines.find_stages(session, [stage_id])
    if stage is None:
        raise StageNotFound
    entered = domain.enter_stage(lead, stage, lost_reason, datetime.now(UTC))
    if entered is lead:
        return lead
    if entered.closed_at is not None:
        session.publish(
            LeadClosed(
                lead_id=lead.id,
                contact_id=lead.contact_id,
                email=lead.email,
                status=entered.status.value,
                source=lead.source.value,
                value=in_major_units(lead.value_minor, lead.currency),
                currency=lead.currency,
                closed_at=entered.closed_at,
            )
        )
    return await _written(session, lead, await carry_out(session, entered, stage))


async def assign_lead(
    session: TenantSession, lead_id: UUID, assignee_id: UUID | None, expected_version: int | None
) -> Lead:
    """The lead with another assignee, or none.

    Raises:
        AssigneeNotFound: they are no member of the tenant. Who has the lead already may keep it.
    """
    lead = await _locked(session, lead_id, expected_version)
    if assignee_id != lead.assignee_id:
        await check_assignee(session, assignee_id)
    return await _written(session, lead, domain.assign(lead, assignee_id, datetime.now(UTC)))


async def convert_lead(
    session: TenantSession,
    lead_id: UUID,
    contact_id: UUID | None,
    job_title: str | None,
    expected_version: int | None,
) -> tuple[Lead, Contact, bool]:
    """The converted lead, its contact, and whether that is new.

    The contact is the one given, else the one that the lead has, else the one with the lead's e-mail address, else a
    new one with the lead's details, owned by its assignee.
    """
    lead = await _locked(session, lead_id, expected_version)
    now = datetime.now(UTC)
    contact = await _known_contact(session, lead, contact_id)
    created = contact is None
    if contact is None:
        details = ContactDetails(
            name=lead.name,
            email=lead.email,
            phone=lead.phone,
            company=lead.company,
            job_title=job_title,
            owner_id=lead.assignee_id,
            business_id=lead.business_id,
        )
        contact = domain.new_contact(uuid4(), details, now)
    # Before anything is written: the domain may refuse.
    converted = domain.convert(lead, contact.id, now)
    if created:
        await contacts.add_contact(session, contact)
    return await _written(session, lead, converted), contact, created


async def _known_contact(session: TenantSession, lead: Lead, contact_id: UUID | None) -> Contact | None:
    wanted = contact_id or lead.contact_id
    if wanted is not None:
        (contact,) = await contacts.find_contacts(session, [wanted])
        if contact is None:
            raise ContactNotFound
        return contact
    return None if lead.email is None else await contacts.contact_by_email(session, lead.email)


async def first_stage(session: TenantSession, pipeline_id: UUID | None, stage_id: UUID | None) -> Stage:
    """The stage in which a lead begins: the one given, else the first of the pipeline given, else of the default one.

    Raises:
        DomainError: there is none, or they do not belong together.
    """
    if stage_id is not None:
        (stage,) = await pipelines.find_stages(session, [stage_id])
        if stage is None:
            raise StageNotFound
        if pipeline_id is not None and stage.pipeline_id != pipeline_id:
            raise StageNotInPipeline
        return stage
    if pipeline_id is None:
        default = await pipelines.default_pipeline(session)
        if default is None:
            raise NoDefaultPipeline
        pipeline_id = default.id
    (stages,) = await pipelines.stages_of_pipelines(session, [pipeline_id])
    if not stages:
        raise PipelineNotFound
    return next(stage for stage in stages if stage.status is LeadStatus.OPEN)


async def _locked(session: TenantSession, lead_id: UUID, expected_version: int | None) -> Lead:
    lead = await leads.lead_for_update(session, lead_id)
    if lead is None:
        raise LeadNotFound
    check_version(lead.version, expected_version)
    return lead


async def _written(session: TenantSession, before: Lead, after: Lead) -> Lead:
    if after is not before:
        await leads.change_lead(session, after)
    return after
