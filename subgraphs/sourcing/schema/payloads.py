"""What mutations take and answer."""

from datetime import datetime
from typing import Any

import strawberry

from resolvers.agent_fields import AgentPayload
from resolvers.mutations import MutationPayload
from resolvers.operation import Info
from resolvers.scalars import ExactDecimal
from subgraphs.sourcing.schema.arguments import VERSION, FindingVerdict
from subgraphs.sourcing.schema.candidates import SourcingCandidate, SourcingPriceProposal
from subgraphs.sourcing.schema.evaluations import CostInputsInput, SourcingEvaluation
from subgraphs.sourcing.schema.query import SourcingPriceRules
from subgraphs.sourcing.usecases.candidates import Decision

__all__ = [
    "ApproveSourcingCandidateInput",
    "CheckSourcingSupplyInput",
    "CheckSourcingSupplyPayload",
    "DecideSourcingPriceInput",
    "DelistSourcingCandidateInput",
    "EvaluateSourcingCandidateInput",
    "FindSourcingCandidatesInput",
    "FindSourcingCandidatesPayload",
    "ListSourcingCandidateInput",
    "RecordSourcingCandidatesInput",
    "RecordSourcingSupplyInput",
    "RecordSourcingSupplyPayload",
    "RejectSourcingCandidateInput",
    "SetSourcingPriceRulesInput",
    "SourcingCandidatePayload",
    "SourcingCandidatesPayload",
    "SourcingEvaluationPayload",
    "SourcingPriceProposalPayload",
    "SourcingPriceRulesPayload",
    "ValidateSourcingCandidateInput",
    "ValidateSourcingCandidatePayload",
    "decision",
]

_REFUSED = "Null if the mutation was refused."
_MARKETPLACE = "Id of the marketplace: A1PA6795UKMFR9 for Germany, ATVPDKIKX0DER for the United States."
_CANDIDATE = "Of the candidate."


@strawberry.input(description="What to look for, and where.")
class FindSourcingCandidatesInput:
    marketplace_id: str = strawberry.field(description=_MARKETPLACE)
    keywords: list[str] = strawberry.field(description="1 to 20 words.")


@strawberry.input(description="A product as a marketplace has it.")
class FoundProductInput:
    asin: str = strawberry.field(description="Amazon's number of the product.")
    title: str = strawberry.field(description="1 to 500 characters.")
    brand: str | None = strawberry.field(default=None, description="At most 200 characters.")
    image_url: str | None = strawberry.field(default=None, description="https.")
    sales_rank: int | None = strawberry.field(default=None, description="Within `rankCategory`.")
    rank_category: str | None = strawberry.field(default=None, description="Where the rank holds.")
    unit_price: ExactDecimal | None = strawberry.field(default=None, description="Null where nobody offers it.")
    shipping_price: ExactDecimal | None = strawberry.field(default=None, description="That goes with it; null: none.")
    currency: str | None = strawberry.field(
        default=None, description="Of both; refused if it is not the marketplace's. Null: that one."
    )
    offer_count: int | None = strawberry.field(default=None, description="How many offer it new; null: unknown.")

    def values(self) -> dict[str, Any]:
        """For the domain, unchecked."""
        return vars(self)


@strawberry.input(description="Products that a marketplace has.")
class RecordSourcingCandidatesInput:
    marketplace_id: str = strawberry.field(description=_MARKETPLACE)
    products: list[FoundProductInput] = strawberry.field(description="1 to 20, each once.")


@strawberry.input(description="What to reckon with.")
class EvaluateSourcingCandidateInput:
    candidate_id: strawberry.ID = strawberry.field(description=_CANDIDATE)
    costs: CostInputsInput = strawberry.field(description="For one article.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="Which candidate to look at.")
class ValidateSourcingCandidateInput:
    candidate_id: strawberry.ID = strawberry.field(description=_CANDIDATE)


@strawberry.input(description="What was found of one aspect.")
class SourcingFindingInput:
    aspect: str = strawberry.field(description="demand, competition, compliance, margin, ...")
    verdict: FindingVerdict = strawberry.field(description="Whether it speaks for the product.")
    note: str = strawberry.field(description="Why; at most 300 characters.")


@strawberry.input(description="An approval.")
class ApproveSourcingCandidateInput:
    candidate_id: strawberry.ID = strawberry.field(description=_CANDIDATE)
    evaluation_id: strawberry.ID = strawberry.field(
        description="The evaluation that was looked at; SOURCING_EVALUATION_CHANGED if there is a newer one."
    )
    note: str = strawberry.field(description="Why; at most 500 characters.")
    findings: list[SourcingFindingInput] = strawberry.field(default_factory=list, description="At most 12.")


@strawberry.input(description="A rejection.")
class RejectSourcingCandidateInput:
    candidate_id: strawberry.ID = strawberry.field(description=_CANDIDATE)
    note: str = strawberry.field(description="Why; at most 500 characters.")
    findings: list[SourcingFindingInput] = strawberry.field(default_factory=list, description="At most 12.")


@strawberry.input(description="As what it is sold.")
class ListSourcingCandidateInput:
    candidate_id: strawberry.ID = strawberry.field(description=_CANDIDATE)
    product_id: strawberry.ID = strawberry.field(description="Of the shop.")
    variant_id: strawberry.ID = strawberry.field(description="Of the shop; no other candidate is listed as it.")
    sku: str = strawberry.field(description="Of the shop.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="What is sold no more.")
class DelistSourcingCandidateInput:
    candidate_id: strawberry.ID = strawberry.field(description=_CANDIDATE)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="Where to look.")
class CheckSourcingSupplyInput:
    marketplace_id: str = strawberry.field(description=_MARKETPLACE)


@strawberry.input(description="What a marketplace says of a product now.")
class SourcingObservationInput:
    asin: str = strawberry.field(description="Amazon's number of the product.")
    unit_price: ExactDecimal | None = strawberry.field(default=None, description="Null where nobody offers it.")
    shipping_price: ExactDecimal | None = strawberry.field(default=None, description="That goes with it; null: none.")
    currency: str | None = strawberry.field(
        default=None, description="Of both; refused if it is not the marketplace's. Null: that one."
    )
    offer_count: int | None = strawberry.field(default=None, description="How many offer it new; null: unknown.")


@strawberry.input(description="What a marketplace says now.")
class RecordSourcingSupplyInput:
    marketplace_id: str = strawberry.field(description=_MARKETPLACE)
    observations: list[SourcingObservationInput] = strawberry.field(description="20 at most, each product once.")
    unanswered: list[str] = strawberry.field(
        default_factory=list,
        description="ASINs that it was asked about and said nothing of: they have had their turn and stay as they are. "
        "1 to 20 with the observations.",
    )
    observed_at: datetime | None = strawberry.field(
        default=None,
        description="When the marketplace was asked; null: now. What was seen later is not overwritten by it.",
    )


@strawberry.input(description="A decision about a price.")
class DecideSourcingPriceInput:
    proposal_id: strawberry.ID = strawberry.field(description="Of the proposal.")
    approve: bool = strawberry.field(description="Whether the proposed price is to be the selling price.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)


@strawberry.input(description="Rules for selling prices.")
class SetSourcingPriceRulesInput:
    min_margin_percent: ExactDecimal = strawberry.field(description="Of the net price, 0 to 90.")
    max_price_change_percent: ExactDecimal = strawberry.field(description="Of the current price, 0 to 100.")


@strawberry.type(description="Answer of `findSourcingCandidates`. What was found is in the list of candidates.")
class FindSourcingCandidatesPayload(AgentPayload):
    pass


@strawberry.type(description="Answer of `validateSourcingCandidate`. What is proposed is the run's action.")
class ValidateSourcingCandidatePayload(AgentPayload):
    candidate: SourcingCandidate | None = strawberry.field(default=None, description=_REFUSED)


@strawberry.type(description="Answer of `checkSourcingSupply`.")
class CheckSourcingSupplyPayload(AgentPayload):
    pass


@strawberry.type(description="Candidates as the mutation left them.")
class SourcingCandidatesPayload(MutationPayload):
    candidates: list[SourcingCandidate] | None = strawberry.field(
        default=None, description=f"One for each product, at most 20. {_REFUSED}"
    )


@strawberry.type(description="A candidate as the mutation left it.")
class SourcingCandidatePayload(MutationPayload):
    candidate: SourcingCandidate | None = strawberry.field(default=None, description=_REFUSED)


@strawberry.type(description="A candidate with its new evaluation.")
class SourcingEvaluationPayload(MutationPayload):
    candidate: SourcingCandidate | None = strawberry.field(default=None, description=_REFUSED)
    evaluation: SourcingEvaluation | None = strawberry.field(default=None, description=_REFUSED)


@strawberry.type(description="What observations came to.")
class RecordSourcingSupplyPayload(MutationPayload):
    seen: int | None = strawberry.field(default=None, description=f"How many of them are candidates. {_REFUSED}")
    changed: list[SourcingCandidate] | None = strawberry.field(
        default=None, description=f"Whose price or stock is another now; at most 20. {_REFUSED}"
    )
    proposals: list[SourcingPriceProposal] | None = strawberry.field(
        default=None, description=f"Selling prices that a person decides about; at most 20. {_REFUSED}"
    )


@strawberry.type(description="A proposal and its candidate as the mutation left them.")
class SourcingPriceProposalPayload(MutationPayload):
    proposal: SourcingPriceProposal | None = strawberry.field(default=None, description=_REFUSED)
    candidate: SourcingCandidate | None = strawberry.field(default=None, description=_REFUSED)


@strawberry.type(description="The rules as the mutation left them.")
class SourcingPriceRulesPayload(MutationPayload):
    rules: SourcingPriceRules | None = strawberry.field(default=None, description=_REFUSED)


def decision(info: Info, findings: list[SourcingFindingInput], note: str) -> Decision:
    """Why, and by which run if one asks for it."""
    told = [{"aspect": each.aspect, "verdict": each.verdict.value, "note": each.note} for each in findings]
    return Decision(told, note, info.context.acting_run())
