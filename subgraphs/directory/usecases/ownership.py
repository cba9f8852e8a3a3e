"""Who owns a listing: by a claim that was proved or approved, by transfer; and until when."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.errors import DomainError
from resolvers.session import TenantSession
from subgraphs.directory.domain.claims import (
    ClaimAction,
    ClaimDecision,
    ClaimMethod,
    ClaimState,
    claim_statement,
)
from subgraphs.directory.domain.errors import AlreadyOwned, ClaimClosed, ClaimNotFound, InvalidClaim, NotYourListing
from subgraphs.directory.events import BusinessClaimed, OwnershipEnded
from subgraphs.directory.repository import claims, listings
from subgraphs.directory.usecases.rights import MODERATORS, check_moderates, owns

__all__ = ["decide_claim", "end_ownership", "give_to_claimant", "revoke_ownership", "transfer_business"]


async def give_to_claimant(
    session: TenantSession, tenant_id: UUID, claim: Row[Any], business: Row[Any], actor_id: UUID
) -> DomainError | None:
    """Verifies a claim and gives the business to who made it, or says who is in the way.

    The caller holds the locks of the business and of the claim.
    """
    if business.owner_id not in (None, claim.claimant_id) or business.verified_at is not None:
        return AlreadyOwned()
    now = datetime.now(UTC)
    await claims.change(session, claim.id, state=ClaimState.VERIFIED, code_hash=None, decided_at=now)
    await claims.note(session, tenant_id, [claim.id], ClaimAction.VERIFIED, actor_id)
    others = await claims.close_others(session, business.id, now)
    await claims.note(session, tenant_id, others, ClaimAction.SUPERSEDED, actor_id)
    await claims.set_owner(session, business.id, claim.claimant_id, now)
    session.publish(
        BusinessClaimed(
            claim_id=claim.id,
            business_id=business.id,
            business_name=business.name,
            owner_id=claim.claimant_id,
            method=claim.method.value,
            verified_at=now,
        )
    )
    return None


async def decide_claim(
    session: TenantSession, tenant_id: UUID, user_id: UUID, claim_id: UUID, decision: ClaimDecision, reason: str
) -> Row[Any]:
    """Approves what documents prove, or rejects any claim that waits, and returns its row.

    Raises:
        NotAModerator: the caller decides about no claims.
        InvalidClaim: a rejection lacks its reason, or a claim that is approved is not by documents.
        ClaimNotFound: there is no such claim.
        ClaimClosed: it waits for nothing.
        AlreadyOwned: the business is somebody's.
    """
    check_moderates(session.context)
    approve = decision is ClaimDecision.APPROVE
    said = claim_statement(reason, "reason", required=not approve)
    seen = (await claims.by_id(session, [claim_id])).get(claim_id)
    if seen is None:
        raise ClaimNotFound
    await listings.lock(session, seen.business_id)
    claim = await claims.lock(session, claim_id)
    now = datetime.now(UTC)
    if claim is None or claim.state is not ClaimState.PENDING or claim.expires_at <= now:
        raise ClaimClosed
    if approve:
        if claim.method is not ClaimMethod.DOCUMENT:
            raise InvalidClaim("only claims by documents are approved; others are proved", path=("decision",))
        if claim.claimant_id == user_id:
            raise InvalidClaim("somebody else approves one's own claim", path=("decision",))
        business = (await listings.by_id(session, [claim.business_id]))[claim.business_id]
        refused = await give_to_claimant(session, tenant_id, claim, business, user_id)
        if refused is not None:
            raise refused
        return await claims.change(session, claim_id, reason=said)
    await claims.note(session, tenant_id, [claim_id], ClaimAction.REJECTED, user_id, said)
    return await claims.change(
        session, claim_id, state=ClaimState.REJECTED, code_hash=None, reason=said, decided_at=now
    )


async def revoke_ownership(
    session: TenantSession, tenant_id: UUID, user_id: UUID, business_id: UUID, reason: str
) -> None:
    """Takes a listing from its owner.

    Raises:
        NotAModerator: the caller decides about no claims.
        InvalidClaim: the reason is missing or too long.
        BusinessNotFound: there is no such business.
        ClaimClosed: it is nobody's.
    """
    check_moderates(session.context)
    said = claim_statement(reason, "reason", required=True)
    await listings.lock(session, business_id)
    business = (await listings.by_id(session, [business_id]))[business_id]
    if business.owner_id is None:
        raise ClaimClosed("The listing is nobody's.")
    await end_ownership(session, tenant_id, user_id, business, ClaimState.REVOKED, said)
    await claims.set_owner(session, business_id, None, None)


async def transfer_business(
    session: TenantSession, tenant_id: UUID, user_id: UUID, business_id: UUID, to_user_id: UUID
) -> None:
    """Gives a listing to another user; its verification goes along.

    Raises:
        BusinessNotFound: there is no such business.
        NotYourListing: the caller neither owns it nor manages the tenant.
        ClaimClosed: it is nobody's, so that there is nothing to give.
        AlreadyOwned: the user owns it already.
    """
    await listings.lock(session, business_id)
    business = (await listings.by_id(session, [business_id]))[business_id]
    if not owns(session.context, business) and not session.context.roles & MODERATORS:
        raise NotYourListing
    if business.owner_id is None:
        raise ClaimClosed("The listing is nobody's; claim it.")
    if business.owner_id == to_user_id:
        raise AlreadyOwned("The listing is that user's.")
    await end_ownership(session, tenant_id, user_id, business, ClaimState.TRANSFERRED, "")
    now = datetime.now(UTC)
    others = await claims.close_others(session, business_id, now)
    await claims.note(session, tenant_id, others, ClaimAction.SUPERSEDED, user_id)
    if business.verified_at is not None:
        claim = await claims.add(
            session,
            tenant_id,
            business_id=business_id,
            claimant_id=to_user_id,
            method=ClaimMethod.TRANSFER,
            state=ClaimState.VERIFIED,
            statement="",
            expires_at=now,
            decided_at=now,
        )
        await claims.note(session, tenant_id, [claim.id], ClaimAction.VERIFIED, user_id)
        session.publish(
            BusinessClaimed(
                claim_id=claim.id,
                business_id=business_id,
                business_name=business.name,
                owner_id=to_user_id,
                method=ClaimMethod.TRANSFER.value,
                verified_at=now,
            )
        )
    await claims.set_owner(session, business_id, to_user_id, now if business.verified_at is not None else None)


async def end_ownership(
    session: TenantSession, tenant_id: UUID, actor_id: UUID | None, business: Row[Any], state: ClaimState, reason: str
) -> None:
    """Ends the claim by which a business is owned, and tells of it; whoever calls this sets the owner."""
    now = datetime.now(UTC)
    claim_id = await claims.close_verified(session, business.id, state, reason, now)
    if claim_id is not None:
        await claims.note(session, tenant_id, [claim_id], ClaimAction(state.value), actor_id, reason)
    session.publish(
        OwnershipEnded(
            business_id=business.id,
            business_name=business.name,
            owner_id=business.owner_id,
            how=state.value,
            reason=reason,
            ended_at=now,
        )
    )
