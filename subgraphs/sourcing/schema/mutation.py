"""The root of what can be changed."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import strawberry

from resolvers.agent_fields import AgentRisk, agent_mutation
from resolvers.errors import InvalidValue
from resolvers.ids import parse_id
from resolvers.mutations import mutation
from resolvers.operation import Info
from subgraphs.sourcing.domain.candidates import Listing, checked_found
from subgraphs.sourcing.domain.supply import checked_observation, checked_rules
from subgraphs.sourcing.domain.values import checked_asin, checked_marketplace
from subgraphs.sourcing.schema import payloads
from subgraphs.sourcing.schema.arguments import APPROVE, WRITE, exact
from subgraphs.sourcing.schema.candidates import SourcingCandidate, SourcingPriceProposal
from subgraphs.sourcing.schema.dropship import DropshipMutation
from subgraphs.sourcing.schema.evaluations import SourcingEvaluation
from subgraphs.sourcing.schema.query import SourcingPriceRules
from subgraphs.sourcing.usecases import candidates, listings, supply

__all__ = ["Mutation"]

_MAX_KEYWORDS = 20


@strawberry.type
class Mutation(DropshipMutation):
    @agent_mutation(
        payloads.FindSourcingCandidatesPayload,
        crew="product_search",
        risk=AgentRisk.WRITE,
        wait_seconds=10,
        scope=WRITE,
        description="Have the crew `product_search` look for products in a marketplace of Amazon, with the tenant's "
        "own connection to it. What is found becomes candidates (`recordSourcingCandidates`).",
    )
    async def find_sourcing_candidates(
        self,
        info: Info,  # noqa: ARG002 - the kit looks there for the run
        input: payloads.FindSourcingCandidatesInput,
    ) -> payloads.FindSourcingCandidatesPayload:
        checked_marketplace("marketplaceId", input.marketplace_id)
        if not 1 <= len(input.keywords) <= _MAX_KEYWORDS or not all(word.strip() for word in input.keywords):
            raise InvalidValue("keywords", f"must be 1 to {_MAX_KEYWORDS}, none of them blank")
        return payloads.FindSourcingCandidatesPayload()

    @mutation(
        payloads.SourcingCandidatesPayload,
        scope=WRITE,
        description="Notes products that a marketplace has. Known ones are brought up to date; their prices are not, "
        "which is what `recordSourcingSupply` does.",
    )
    async def record_sourcing_candidates(
        self, info: Info, input: payloads.RecordSourcingCandidatesInput
    ) -> payloads.SourcingCandidatesPayload:
        marketplace = checked_marketplace("marketplaceId", input.marketplace_id)
        found = [checked_found(each.values()) for each in input.products[: candidates.MAX_FOUND + 1]]
        kept = await candidates.record_found(info.context.session, marketplace, found)
        return payloads.SourcingCandidatesPayload(candidates=[SourcingCandidate.of(each) for each in kept])

    @mutation(
        payloads.SourcingEvaluationPayload,
        scope=WRITE,
        description="Reckons what a candidate would cost and leave. What was approved or listed is not evaluated so.",
    )
    async def evaluate_sourcing_candidate(
        self, info: Info, input: payloads.EvaluateSourcingCandidateInput
    ) -> payloads.SourcingEvaluationPayload:
        candidate, evaluation = await candidates.evaluate(
            info.context.session,
            parse_id(input.candidate_id, "input", "candidateId"),
            input.costs.inputs(),
            input.expected_version,
        )
        return payloads.SourcingEvaluationPayload(
            candidate=SourcingCandidate.of(candidate), evaluation=SourcingEvaluation.of(evaluation)
        )

    @agent_mutation(
        payloads.ValidateSourcingCandidatePayload,
        crew="product_validation",
        risk=AgentRisk.MONEY,
        wait_seconds=10,
        scope=WRITE,
        description="Have the crew `product_validation` look at demand, competition, compliance and margin of an "
        "evaluated candidate. It proposes to approve or to reject it; a person decides, who is not the one who asked.",
    )
    async def validate_sourcing_candidate(
        self, info: Info, input: payloads.ValidateSourcingCandidateInput
    ) -> payloads.ValidateSourcingCandidatePayload:
        candidate_id = parse_id(input.candidate_id, "input", "candidateId")
        candidate = await candidates.validate(info.context.session, candidate_id, info.context.run_id())
        return payloads.ValidateSourcingCandidatePayload(candidate=SourcingCandidate.of(candidate))

    @mutation(
        payloads.SourcingCandidatePayload,
        scope=WRITE,
        description="Approves a candidate by the figures of one evaluation. Refused where each sale would lose money. "
        "For people with the scope `sourcing:approve`, and for runs of agents, about whose proposal a person has "
        "decided.",
    )
    async def approve_sourcing_candidate(
        self, info: Info, input: payloads.ApproveSourcingCandidateInput
    ) -> payloads.SourcingCandidatePayload:
        if info.context.acting_run() is None:
            info.context.require(APPROVE)
        approved = await candidates.approve(
            info.context.session,
            parse_id(input.candidate_id, "input", "candidateId"),
            parse_id(input.evaluation_id, "input", "evaluationId"),
            payloads.decision(info, input.findings, input.note),
        )
        return payloads.SourcingCandidatePayload(candidate=SourcingCandidate.of(approved))

    @mutation(
        payloads.SourcingCandidatePayload,
        scope=WRITE,
        description="Rejects a candidate that is not listed, until it is evaluated anew.",
    )
    async def reject_sourcing_candidate(
        self, info: Info, input: payloads.RejectSourcingCandidateInput
    ) -> payloads.SourcingCandidatePayload:
        candidate_id = parse_id(input.candidate_id, "input", "candidateId")
        why = payloads.decision(info, input.findings, input.note)
        rejected = await candidates.reject(info.context.session, candidate_id, why)
        return payloads.SourcingCandidatePayload(candidate=SourcingCandidate.of(rejected))

    @mutation(
        payloads.SourcingCandidatePayload,
        scope=WRITE,
        description="An approved candidate is sold as this variant of the shop: the storefront keeps its supplier's "
        "offer from now on, and orders of the variant become dropship orders.",
    )
    async def list_sourcing_candidate(
        self, info: Info, input: payloads.ListSourcingCandidateInput
    ) -> payloads.SourcingCandidatePayload:
        listed = await listings.list_in_shop(
            info.context.session,
            parse_id(input.candidate_id, "input", "candidateId"),
            Listing(input.product_id, input.variant_id, input.sku),
            input.expected_version,
        )
        return payloads.SourcingCandidatePayload(candidate=SourcingCandidate.of(listed))

    @mutation(payloads.SourcingCandidatePayload, scope=WRITE, description="A listed candidate is sold no more.")
    async def delist_sourcing_candidate(
        self, info: Info, input: payloads.DelistSourcingCandidateInput
    ) -> payloads.SourcingCandidatePayload:
        candidate_id = parse_id(input.candidate_id, "input", "candidateId")
        delisted = await listings.delist(info.context.session, candidate_id, input.expected_version)
        return payloads.SourcingCandidatePayload(candidate=SourcingCandidate.of(delisted))

    @agent_mutation(
        payloads.CheckSourcingSupplyPayload,
        crew="supply_check",
        risk=AgentRisk.WRITE,
        wait_seconds=10,
        scope=WRITE,
        description="Have the crew `supply_check` ask Amazon for prices and stock of the listed and approved "
        "candidates of a marketplace, the 20 that were not looked at for longest, and note them "
        "(`recordSourcingSupply`). Meant for a schedule of agents.",
    )
    async def check_sourcing_supply(
        self,
        info: Info,  # noqa: ARG002 - the kit looks there for the run
        input: payloads.CheckSourcingSupplyInput,
    ) -> payloads.CheckSourcingSupplyPayload:
        checked_marketplace("marketplaceId", input.marketplace_id)
        return payloads.CheckSourcingSupplyPayload()

    @mutation(
        payloads.RecordSourcingSupplyPayload,
        scope=WRITE,
        description="Notes what a marketplace asks for products, and whether it has them, and applies the price rules "
        "to what is listed. What nobody knows is left alone.",
    )
    async def record_sourcing_supply(
        self, info: Info, input: payloads.RecordSourcingSupplyInput
    ) -> payloads.RecordSourcingSupplyPayload:
        marketplace = checked_marketplace("marketplaceId", input.marketplace_id)
        seen = [
            checked_observation(each.asin, each.unit_price, each.shipping_price, each.offer_count, each.currency)
            for each in input.observations[: supply.MAX_OBSERVATIONS + 1]
        ]
        unanswered = [checked_asin("unanswered", each) for each in input.unanswered[: supply.MAX_OBSERVATIONS + 1]]
        session = info.context.session
        result = await supply.observe(session, marketplace, seen, unanswered, input.observed_at)
        return payloads.RecordSourcingSupplyPayload(
            seen=result.seen,
            changed=[SourcingCandidate.of(each) for each in result.changed],
            proposals=[SourcingPriceProposal.of(each) for each in result.proposed],
        )

    @mutation(
        payloads.SourcingPriceProposalPayload,
        scope=APPROVE,
        description="Decides about a proposal. An approved price is told of by `sourcing.selling_price_changed`; "
        "setting it in the shop is the shop's business.",
    )
    async def decide_sourcing_price(
        self, info: Info, input: payloads.DecideSourcingPriceInput
    ) -> payloads.SourcingPriceProposalPayload:
        proposal_id = parse_id(input.proposal_id, "input", "proposalId")
        proposal, candidate = await supply.decide(
            info.context.session, proposal_id, input.approve, input.expected_version
        )
        return payloads.SourcingPriceProposalPayload(
            proposal=SourcingPriceProposal.of(proposal), candidate=SourcingCandidate.of(candidate)
        )

    @mutation(
        payloads.SourcingPriceRulesPayload, scope=APPROVE, description="Sets the tenant's rules for selling prices."
    )
    async def set_sourcing_price_rules(
        self, info: Info, input: payloads.SetSourcingPriceRulesInput
    ) -> payloads.SourcingPriceRulesPayload:
        rules = checked_rules(input.min_margin_percent, input.max_price_change_percent)
        kept = await supply.set_price_rules(info.context.session, rules)
        return payloads.SourcingPriceRulesPayload(
            rules=SourcingPriceRules(
                min_margin_percent=exact(kept.min_margin_percent),
                max_price_change_percent=exact(kept.max_change_percent),
            )
        )
