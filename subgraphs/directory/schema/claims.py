"""Claims of listings, as they are shown, proved and decided."""

# ruff: noqa: A001, A002 (the names of GraphQL arguments)

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import Row

from resolvers.ids import parse_id, wire_id
from resolvers.message_worker import MESSAGE_WORKER_SCOPE, require_message_worker
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import After, Before, CountedConnection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.directory import loaders
from subgraphs.directory.domain.claims import (
    RECORD_LABEL,
    TOKEN_PATH,
    ClaimAction,
    ClaimDecision,
    ClaimMethod,
    ClaimState,
    masked,
)
from subgraphs.directory.repository import claims as rows
from subgraphs.directory.schema.parts import INTERNAL, READ, WRITE, Account
from subgraphs.directory.schema.types import Business, BusinessPayload
from subgraphs.directory.usecases import claims, ownership

__all__ = ["ClaimMutations", "ClaimQueries"]


strawberry.enum(
    ClaimMethod,
    name="BusinessClaimMethod",
    description="How a claim is proved: by a code sent to an address at the website's domain or to the phone number, "
    "by a token on the website or, by DNS, in a TXT record of its domain, by documents that a moderator looks at; by "
    "TRANSFER if the owner before says so.",
)
strawberry.enum(ClaimState, name="BusinessClaimState", description="What has become of a claim.")
strawberry.enum(ClaimAction, name="BusinessClaimAction", description="What was done about a claim.")
strawberry.enum(ClaimDecision, name="BusinessClaimDecision", description="What a moderator says to a claim.")


@strawberry.federation.type(tags=INTERNAL, description="Something that was done about a claim.")
class BusinessClaimNote:
    action: ClaimAction = strawberry.field(description="What was done.")
    actor: Account | None = strawberry.field(description="By whom; null if by nobody, such as time.")
    note: str = strawberry.field(description="Why; may be empty.")
    at: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """As the repository has it."""
        actor = None if row.actor_id is None else Account.of(row.actor_id)
        return cls(action=row.action, actor=actor, note=row.note, at=row.created_at)


@strawberry.federation.type(
    tags=INTERNAL, description="That a user says a business is theirs; shown to them and to moderators."
)
class BusinessClaim:
    id: strawberry.ID = strawberry.field(description="Of the claim.")
    method: ClaimMethod = strawberry.field(description="How it is proved.")
    state: ClaimState = strawberry.field(description="What has become of it.")
    claimant: Account = strawberry.field(description="Who claims the business.")
    address: str | None = strawberry.field(description="Where the code was sent, most of it hidden; null without one.")
    code_expires_at: datetime | None = strawberry.field(
        description="Until when the code is good; null until it is sent."
    )
    attempts: int = strawberry.field(description="How often it was tried to prove it.")
    statement: str = strawberry.field(description="What the claimant says about documents.")
    reason: str = strawberry.field(description="Of the moderator who decided; may be empty.")
    expires_at: datetime = strawberry.field(description="Until when it can be proved.")
    created_at: datetime = strawberry.field(description="When it was opened.")
    decided_at: datetime | None = strawberry.field(description="Since when it waits for nothing; null if it waits.")
    row: strawberry.Private[Row[Any]]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """As the repository has it."""
        return cls(
            id=wire_id(row.id),
            method=row.method,
            state=row.state,
            claimant=Account.of(row.claimant_id),
            address=masked(row.address),
            code_expires_at=None if row.code_hash is None else row.code_expires_at,
            attempts=row.attempts,
            statement=row.statement,
            reason=row.reason,
            expires_at=row.expires_at,
            created_at=row.created_at,
            decided_at=row.decided_at,
            row=row,
        )

    @strawberry.field(
        description=f"For the claimant alone: a line for the file {TOKEN_PATH} of the listing's website, or the TXT "
        f"record {RECORD_LABEL} of its domain. Null but for claims by WEBSITE or DNS that wait."
    )
    def website_token(self, info: Info) -> str | None:
        mine = info.context.request.user_id == self.row.claimant_id
        token: str | None = self.row.token if mine and self.state is ClaimState.PENDING else None
        return token

    @strawberry.field(description="The business that is claimed.")
    async def business(self, info: Info) -> Business:
        row = await info.context.load(loaders.business_by_id, self.row.business_id)
        assert row is not None, "a claim goes with its business"
        return Business.of(row)

    @strawberry.field(description="What was done about it, the first first; bounded as its attempts are.")
    async def history(self, info: Info) -> list[BusinessClaimNote]:
        return [BusinessClaimNote.of(row) for row in await info.context.load(loaders.claim_notes, self.row.id)]


@strawberry.federation.type(tags=INTERNAL, description="A page of claims.")
class BusinessClaimConnection(CountedConnection[BusinessClaim]):
    pass


@strawberry.input(description="That a business is the caller's.")
class ClaimBusinessInput:
    business_id: strawberry.ID = strawberry.field(description="The business; nobody's so far.")
    method: ClaimMethod = strawberry.field(description="How it will be proved; not TRANSFER.")
    email: str | None = strawberry.field(
        default=None, description="For EMAIL: an address at the domain of the listing's website."
    )
    statement: str = strawberry.field(
        default="", description="For DOCUMENT: what proves it and where it is, at most 2000 characters."
    )


@strawberry.input(description="What proves a claim.")
class VerifyBusinessClaimInput:
    id: strawberry.ID = strawberry.field(description="The claim; one's own.")
    code: str = strawberry.field(default="", description="That was sent; not needed for WEBSITE and DNS.")


@strawberry.input(description="What a moderator says to a claim.")
class DecideBusinessClaimInput:
    id: strawberry.ID = strawberry.field(description="The claim.")
    decision: ClaimDecision = strawberry.field(description="APPROVE one by documents, REJECT any that waits.")
    reason: str = strawberry.field(default="", description="At most 2000 characters; needed to reject.")


@strawberry.input(description="A listing that is to be nobody's.")
class RevokeBusinessOwnershipInput:
    business_id: strawberry.ID = strawberry.field(description="The business.")
    reason: str = strawberry.field(description="Why; at most 2000 characters.")


@strawberry.input(description="A listing, and whose it is to be.")
class TransferBusinessInput:
    business_id: strawberry.ID = strawberry.field(description="The business.")
    to_user_id: strawberry.ID = strawberry.field(
        description="The new owner. Any UUID is taken: whether it is a user of the tenant is identity's to know."
    )


@strawberry.type(description="Answer of a mutation of a claim.")
class BusinessClaimPayload(MutationPayload):
    claim: BusinessClaim | None = strawberry.field(default=None, description="As it is now; null if it was refused.")


@strawberry.input(description="For which claim.")
class MakeClaimCodeInput:
    id: strawberry.ID = strawberry.field(description="The claim.")


@strawberry.type(description="A code to send, once; no answer tells it again.")
class MakeClaimCodePayload(MutationPayload):
    code: str | None = strawberry.field(default=None, description="Null if the claim waits for none.")
    address: str | None = strawberry.field(default=None, description="Where to send it.")


IdArgument = Annotated[strawberry.ID, strawberry.argument(description="Of the claim.")]


@strawberry.type
class ClaimQueries:
    @strawberry.federation.field(
        tags=INTERNAL, extensions=[requires(READ)], description="The caller's claims, the latest first."
    )
    async def my_business_claims(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> BusinessClaimConnection:
        window = Window.of(rows.NEWEST, first=first, after=after, last=last, before=before)
        return await _page(info, window, claimant_id=info.context.user_id())

    @strawberry.federation.field(
        tags=INTERNAL, extensions=[requires(WRITE)], description="Claims of all listings, the latest first."
    )
    async def business_claims(
        self,
        info: Info,
        state: Annotated[ClaimState | None, strawberry.argument(description="In this state alone.")] = None,
        business_id: Annotated[strawberry.ID | None, strawberry.argument(description="Of this business alone.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> BusinessClaimConnection:
        window = Window.of(rows.NEWEST, first=first, after=after, last=last, before=before)
        wanted = None if business_id is None else parse_id(business_id, "businessId")
        return await _page(info, window, state=state, business_id=wanted)

    @strawberry.federation.field(
        tags=INTERNAL, extensions=[requires(READ)], description="A claim by its id; the caller's own, or a moderator's."
    )
    async def business_claim(self, info: Info, id: IdArgument) -> BusinessClaim | None:
        return await _claim(info, parse_id(id))


@strawberry.type
class ClaimMutations:
    @mutation(
        BusinessClaimPayload,
        scope=READ,
        description="Say that a business is the caller's. EMAIL and PHONE send a code; WEBSITE and DNS answer a token.",
    )
    async def claim_business(
        self, info: Info, input: Annotated[ClaimBusinessInput, strawberry.argument(description="The claim.")]
    ) -> BusinessClaimPayload:
        context = info.context
        row = await claims.claim_business(
            context.session,
            context.tenant_id(),
            context.user_id(),
            parse_id(input.business_id, "input", "businessId"),
            input.method,
            email=input.email,
            statement=input.statement,
        )
        return BusinessClaimPayload(claim=BusinessClaim.of(row))

    @mutation(
        BusinessClaimPayload, scope=READ, description="Send a new code, instead of the one before; few per claim."
    )
    async def resend_business_claim_code(self, info: Info, id: IdArgument) -> BusinessClaimPayload:
        context = info.context
        claim_id = parse_id(id, "id")
        row = await claims.send_another_code(context.session, context.user_id(), claim_id)
        return BusinessClaimPayload(claim=BusinessClaim.of(row))

    @mutation(
        BusinessClaimPayload,
        scope=READ,
        apart=True,
        description="Prove a claim, by its code or by its token. Attempts are few, and counted though "
        "they are refused.",
    )
    async def verify_business_claim(
        self, info: Info, input: Annotated[VerifyBusinessClaimInput, strawberry.argument(description="The proof.")]
    ) -> BusinessClaimPayload:
        context = info.context
        claim_id = parse_id(input.id, "input", "id")
        services = context.services
        await claims.prove_claim(
            context.session,
            services.websites,
            services.records,
            context.tenant_id(),
            context.user_id(),
            claim_id,
            input.code,
        )
        return BusinessClaimPayload(claim=await _claim(info, claim_id))

    @mutation(
        MakeClaimCodePayload,
        scope=MESSAGE_WORKER_SCOPE,
        tags=INTERNAL,
        description="Make a claim's code, to send it now. For the worker that sends the tenant's messages.",
    )
    async def make_claim_code(
        self, info: Info, input: Annotated[MakeClaimCodeInput, strawberry.argument(description="Which claim.")]
    ) -> MakeClaimCodePayload:
        context = info.context
        require_message_worker(context)
        made = await claims.make_code(context.session, context.tenant_id(), parse_id(input.id, "input", "id"))
        return MakeClaimCodePayload() if made is None else MakeClaimCodePayload(code=made[0], address=made[1])

    @mutation(BusinessClaimPayload, scope=READ, description="Withdraw a claim of one's own that waits.")
    async def withdraw_business_claim(self, info: Info, id: IdArgument) -> BusinessClaimPayload:
        context = info.context
        claim_id = parse_id(id, "id")
        row = await claims.withdraw_claim(context.session, context.tenant_id(), context.user_id(), claim_id)
        return BusinessClaimPayload(claim=BusinessClaim.of(row))

    @mutation(
        BusinessClaimPayload,
        scope=WRITE,
        description="Approve a claim by documents, or reject any; owners and managers.",
    )
    async def decide_business_claim(
        self, info: Info, input: Annotated[DecideBusinessClaimInput, strawberry.argument(description="The decision.")]
    ) -> BusinessClaimPayload:
        context = info.context
        claim_id = parse_id(input.id, "input", "id")
        row = await ownership.decide_claim(
            context.session, context.tenant_id(), context.user_id(), claim_id, input.decision, input.reason
        )
        return BusinessClaimPayload(claim=BusinessClaim.of(row))

    @mutation(BusinessPayload, scope=WRITE, description="Take a listing from its owner; owners and managers.")
    async def revoke_business_ownership(
        self, info: Info, input: Annotated[RevokeBusinessOwnershipInput, strawberry.argument(description="Which, why.")]
    ) -> BusinessPayload:
        context = info.context
        id = parse_id(input.business_id, "input", "businessId")
        await ownership.revoke_ownership(context.session, context.tenant_id(), context.user_id(), id, input.reason)
        return BusinessPayload(business=await Business.load(info, id))

    @mutation(
        BusinessPayload, scope=READ, description="Give one's listing to another user; owners and managers any listing."
    )
    async def transfer_business(
        self, info: Info, input: Annotated[TransferBusinessInput, strawberry.argument(description="Which, to whom.")]
    ) -> BusinessPayload:
        context = info.context
        id = parse_id(input.business_id, "input", "businessId")
        to_user_id = parse_id(input.to_user_id, "input", "toUserId")
        await ownership.transfer_business(context.session, context.tenant_id(), context.user_id(), id, to_user_id)
        return BusinessPayload(business=await Business.load(info, id))


async def _claim(info: Info, id: UUID) -> BusinessClaim | None:
    row = await info.context.load(loaders.claim_by_id, id)
    if row is None or (WRITE not in info.context.request.scopes and info.context.request.user_id != row.claimant_id):
        return None
    return BusinessClaim.of(row)


async def _page(info: Info, window: Window, **wanted: Any) -> BusinessClaimConnection:
    session = info.context.session

    async def count() -> int:
        return await rows.count(session, **wanted)

    return BusinessClaimConnection.of(await rows.page(session, window, **wanted), BusinessClaim.of, count=count)
