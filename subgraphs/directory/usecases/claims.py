"""Claiming a listing and proving it. A wrong attempt is kept although the mutation is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.errors import DomainError
from resolvers.session import TenantSession
from subgraphs.directory.domain import claims as rules
from subgraphs.directory.domain.claims import ClaimAction, ClaimMethod, ClaimState
from subgraphs.directory.domain.errors import (
    AlreadyClaimed,
    AlreadyOwned,
    ClaimClosed,
    ClaimNotFound,
    ClaimNotProven,
    InvalidClaim,
    TooManyClaims,
)
from subgraphs.directory.events import ClaimCodeRequested
from subgraphs.directory.repository import claims, listings
from subgraphs.directory.txt_records import TxtRecords
from subgraphs.directory.usecases.ownership import give_to_claimant
from subgraphs.directory.websites import Websites

__all__ = ["claim_business", "make_code", "prove_claim", "send_another_code", "withdraw_claim"]

_DAY = timedelta(days=1)
_LONGEST_ATTEMPT = timedelta(minutes=1)
"""A website or a name server has seconds: an attempt that was counted longer ago, and not judged, never will be."""
_FAILURES = {
    ClaimMethod.WEBSITE: f"{rules.TOKEN_PATH} on the website has no line with the token",
    ClaimMethod.DNS: f"{rules.RECORD_LABEL} of the website's domain has no TXT record with the token",
}
_CODES = (ClaimMethod.EMAIL, ClaimMethod.PHONE)
_TOKENS = (ClaimMethod.WEBSITE, ClaimMethod.DNS)


async def claim_business(
    session: TenantSession,
    tenant_id: UUID,
    user_id: UUID,
    business_id: UUID,
    method: ClaimMethod,
    *,
    email: str | None,
    statement: str,
) -> Row[Any]:
    """Opens a claim, sends its code if it has one, and returns its row.

    Raises:
        InvalidClaim: what is said does not go with the method.
        BusinessNotFound: there is no such business.
        AlreadyOwned: it is somebody's.
        AlreadyClaimed, ClaimImpossible, TooManyClaims: the caller cannot claim it now, or not by this method.
    """
    if method is ClaimMethod.TRANSFER:
        raise InvalidClaim("an owner transfers; nobody claims by it", path=("method",))
    await listings.lock(session, business_id)
    business = (await listings.by_id(session, [business_id]))[business_id]
    if business.owner_id not in (None, user_id) or business.verified_at is not None:
        raise AlreadyOwned
    values: dict[str, Any] = {
        "statement": rules.claim_statement(statement, required=method is ClaimMethod.DOCUMENT),
        "address": None,
        "token": None,
    }
    if method is ClaimMethod.EMAIL:
        values["address"] = rules.claim_email(email, business.website)
    elif method is ClaimMethod.PHONE:
        values["address"] = rules.claim_phone(business.phone)
    elif method is ClaimMethod.WEBSITE:
        rules.token_url(business.website)
        values["token"] = rules.new_token()
    elif method is ClaimMethod.DNS:
        rules.record_name(business.website)
        values["token"] = rules.new_token()
    now = datetime.now(UTC)
    await _check_bounds(session, tenant_id, user_id, business_id, now)
    claim = await claims.add(
        session,
        tenant_id,
        business_id=business_id,
        claimant_id=user_id,
        method=method,
        state=ClaimState.PENDING,
        expires_at=now + rules.CLAIM_LIFETIME,
        **values,
    )
    await claims.note(session, tenant_id, [claim.id], ClaimAction.OPENED, user_id)
    return await _request_code(session, claim, business, now) if method in _CODES else claim


async def send_another_code(session: TenantSession, user_id: UUID, claim_id: UUID) -> Row[Any]:
    """Sends a new code, instead of the one before, and returns the claim's row.

    Raises:
        ClaimNotFound: the caller has no such claim.
        ClaimClosed: it waits for no code.
        TooManyClaims: there were enough.
    """
    now = datetime.now(UTC)
    seen = await _own(session, user_id, claim_id)
    # Always the business first, so that no two writers wait for each other.
    await listings.lock(session, seen.business_id)
    claim = await claims.lock(session, claim_id)
    if claim is None:
        raise ClaimNotFound
    if claim.method not in _CODES or _is_closed(claim, now):
        raise ClaimClosed
    business = (await listings.by_id(session, [claim.business_id]))[claim.business_id]
    return await _request_code(session, claim, business, now)


async def make_code(session: TenantSession, tenant_id: UUID, claim_id: UUID) -> tuple[str, str] | None:
    """A new code for a claim and where to send it; None if the claim waits for none. The code before is worth nothing.

    It is told to whoever sends it, now, and kept as a hash alone.
    """
    now = datetime.now(UTC)
    claim = await claims.lock(session, claim_id)
    if claim is None or claim.method not in _CODES or _is_closed(claim, now):
        return None
    code = rules.new_code()
    await claims.change(session, claim_id, code_hash=rules.hashed_code(code), code_expires_at=now + rules.CODE_LIFETIME)
    await claims.note(session, tenant_id, [claim_id], ClaimAction.CODE_SENT, None)
    return code, claim.address


async def prove_claim(
    session: TenantSession,
    websites: Websites,
    records: TxtRecords,
    tenant_id: UUID,
    user_id: UUID,
    claim_id: UUID,
    code: str,
) -> None:
    """Verifies a claim by its code, or by its token on the website or at its domain. In transactions of its own.

    Raises:
        ClaimNotFound: the caller has no such claim.
        ClaimClosed: it waits for nothing, or for a moderator.
        ClaimNotProven: a wrong code, one that has expired, or no token; the last attempt ends the claim.
        AlreadyOwned: the business is somebody's meanwhile.
    """
    async with session.apart() as looking:
        claim = await _own(looking, user_id, claim_id)
        business = (await listings.by_id(looking, [claim.business_id]))[claim.business_id]
    if claim.method not in (*_CODES, *_TOKENS) or _is_closed(claim, datetime.now(UTC)):
        raise ClaimClosed
    async with session.apart() as counting:
        failed = await _count_attempt(counting, tenant_id, user_id, claim)
    if failed is not None:
        raise failed
    if claim.method is ClaimMethod.WEBSITE:
        # No connection is held meanwhile.
        proven = await websites.shows(rules.token_url(business.website), claim.token)
    elif claim.method is ClaimMethod.DNS:
        proven = await records.shows(rules.record_name(business.website), claim.token)
    else:
        now = datetime.now(UTC)
        good = claim.code_hash is not None and claim.code_expires_at is not None and claim.code_expires_at > now
        proven = good and rules.is_code(code, claim.code_hash)
    async with session.apart() as deciding:
        refused = await _decide(deciding, tenant_id, user_id, claim, business, proven=proven)
    if refused is not None:
        raise refused


async def withdraw_claim(session: TenantSession, tenant_id: UUID, user_id: UUID, claim_id: UUID) -> Row[Any]:
    """Ends a claim of the caller's that waits, and returns its row.

    Raises:
        ClaimNotFound: the caller has no such claim.
        ClaimClosed: it waits for nothing.
    """
    await _own(session, user_id, claim_id)
    claim = await claims.lock(session, claim_id)
    if claim is None or claim.state is not ClaimState.PENDING:
        raise ClaimClosed
    await claims.note(session, tenant_id, [claim_id], ClaimAction.WITHDRAWN, user_id)
    return await _close(session, claim_id, ClaimState.WITHDRAWN)


async def _count_attempt(session: TenantSession, tenant_id: UUID, user_id: UUID, seen: Row[Any]) -> DomainError | None:
    """Counts an attempt before it is made, so that many at once are counted too."""
    claim = await claims.lock(session, seen.id)
    if claim is None or claim.state is not ClaimState.PENDING or claim.code_hash != seen.code_hash:
        return ClaimClosed()
    bound = rules.MAX_CHECKS if claim.method in _TOKENS else rules.MAX_ATTEMPTS
    if claim.attempts >= bound:
        # Those that are counted may still be under way, and one of them may be right: the last that is judged ends
        # the claim. Only where the process of one has ended before that, it is ended here.
        if claim.updated_at < datetime.now(UTC) - _LONGEST_ATTEMPT:
            await claims.note(session, tenant_id, [claim.id], ClaimAction.FAILED, user_id)
            await _close(session, claim.id, ClaimState.FAILED)
        return ClaimClosed()
    await claims.change(session, claim.id, attempts=claim.attempts + 1)
    return None


async def _decide(
    session: TenantSession, tenant_id: UUID, user_id: UUID, seen: Row[Any], business: Row[Any], *, proven: bool
) -> DomainError | None:
    await listings.lock(session, seen.business_id)
    claim = await claims.lock(session, seen.id)
    same = claim is not None and claim.code_hash == seen.code_hash
    if claim is None or claim.state is not ClaimState.PENDING or not same:
        return ClaimClosed()
    if proven:
        # What the listing names may have changed since it was looked at.
        now = (await listings.by_id(session, [seen.business_id]))[seen.business_id]
        if (now.website, now.phone) != (business.website, business.phone):
            return ClaimNotProven("The listing has changed meanwhile; try again.")
        return await give_to_claimant(session, tenant_id, claim, now, user_id)
    by_token = claim.method in _TOKENS
    action = ClaimAction.TOKEN_MISSING if by_token else ClaimAction.CODE_WRONG
    await claims.note(session, tenant_id, [claim.id], action, user_id)
    bound = rules.MAX_CHECKS if by_token else rules.MAX_ATTEMPTS
    # Others that were counted before the bound was reached may be under way: the last one of them ends the claim.
    notes = (await claims.notes_of(session, [claim.id]))[claim.id]
    if sum(note.action == action for note in notes) >= bound:
        await claims.note(session, tenant_id, [claim.id], ClaimAction.FAILED, user_id)
        await _close(session, claim.id, ClaimState.FAILED)
    return ClaimNotProven(
        f"{_FAILURES.get(claim.method, 'This is not the code')}; attempts left: {max(0, bound - claim.attempts)}."
    )


async def _request_code(session: TenantSession, claim: Row[Any], business: Row[Any], now: datetime) -> Row[Any]:
    if claim.sends >= rules.MAX_SENDS:
        raise TooManyClaims("Enough codes were sent for this claim.")
    if await claims.sends_since(session, business.id, now - _DAY) >= rules.MAX_SENDS_A_DAY:
        raise TooManyClaims("Enough codes were sent to this business today.")
    # The code before is worth nothing from now on; the next is made by whoever sends it.
    asked = await claims.change(session, claim.id, code_hash=None, code_expires_at=None, sends=claim.sends + 1)
    session.publish(
        ClaimCodeRequested(
            claim_id=claim.id,
            business_id=business.id,
            business_name=business.name,
            claimant_id=claim.claimant_id,
            channel=claim.method.value,
            address=claim.address,
            minutes=int(rules.CODE_LIFETIME / timedelta(minutes=1)),
            send_until=now + rules.CODE_WAITED_FOR,
            locale=session.context.locale,
        )
    )
    return asked


async def _check_bounds(
    session: TenantSession, tenant_id: UUID, user_id: UUID, business_id: UUID, now: datetime
) -> None:
    found = await claims.recent(session, business_id, user_id, now - _DAY)
    for old in found:
        if old.state is ClaimState.PENDING:
            if not _is_closed(old, now):
                raise AlreadyClaimed
            await claims.note(session, tenant_id, [old.id], ClaimAction.FAILED, None, "expired")
            await _close(session, old.id, ClaimState.FAILED)
    if sum(old.created_at >= now - _DAY for old in found) >= rules.MAX_CLAIMS_A_DAY:
        raise TooManyClaims("You have claimed this business often enough today.")
    if await claims.open_claims_of(session, user_id, now) >= rules.MAX_OPEN_CLAIMS:
        raise TooManyClaims


async def _own(session: TenantSession, user_id: UUID, claim_id: UUID) -> Row[Any]:
    claim = (await claims.by_id(session, [claim_id])).get(claim_id)
    if claim is None or claim.claimant_id != user_id:
        raise ClaimNotFound
    return claim


async def _close(session: TenantSession, claim_id: UUID, state: ClaimState) -> Row[Any]:
    return await claims.change(session, claim_id, state=state, code_hash=None, decided_at=datetime.now(UTC))


def _is_closed(claim: Row[Any], now: datetime) -> bool:
    return claim.state is not ClaimState.PENDING or claim.expires_at <= now
