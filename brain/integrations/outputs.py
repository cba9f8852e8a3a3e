"""What the roles of integrations' crews put out, and the rules that hold for it."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from brain.catalogue.arguments import check_arguments
from brain.catalogue.descriptors import Integration, Risk
from brain.catalogue.errors import InvalidArguments
from brain.crews.expressions import values_at
from brain.crews.guardrails import Case, Guardrail

__all__ = [
    "MODELS",
    "IntegrationFindingsOutput",
    "IntegrationPlanOutput",
    "IntegrationProposalsOutput",
    "IntegrationReviewOutput",
    "fits",
    "stands",
]

_MAX_PROPOSALS = 20

Line = Annotated[str, Field(min_length=1, max_length=500)]


class _Output(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class IntegrationFindingsOutput(_Output):
    """What was read."""

    summary: Line = Field(description="One sentence.")
    findings: list[Line] = Field(max_length=50, description="Each with the operation that it comes from.")
    unknown: list[Line] = Field(max_length=50, description="What bears on the goal and could not be read.")


class PlanStep(_Output):
    """A step of a plan."""

    operation: str = Field(max_length=100, description="Name of the operation.")
    purpose: Line = Field(description="What it is for.")
    check: Line = Field(description="How to see that it worked.")


class IntegrationPlanOutput(_Output):
    """What to do, in order."""

    summary: Line = Field(description="One sentence.")
    steps: list[PlanStep] = Field(max_length=_MAX_PROPOSALS, description="Empty if nothing is to be done.")


class Proposal(_Output):
    """One time that an operation is to be done."""

    arguments: dict[str, Any] = Field(description="As the operation's JSON schema wants them, in full.")
    reason: Line = Field(description="Why, for who approves it.")


class IntegrationProposalsOutput(_Output):
    """What is to be done at the provider."""

    summary: Line = Field(description="One sentence.")
    findings: list[Line] = Field(max_length=50, description="What the proposals rest on.")
    proposals: dict[str, list[Proposal]] = Field(description="Name of an operation -> each time it is to be done.")
    data: Any = Field(default=None, description="Leave it out.")


class IntegrationReviewOutput(_Output):
    """Which proposals stand."""

    summary: Line = Field(description="One sentence.")
    struck: list[Line] = Field(max_length=_MAX_PROPOSALS, description="Each proposal that does not stand, and why.")
    proposals: dict[str, list[Proposal]] = Field(description="Those that stand, as they were proposed.")
    data: Any = Field(default=None, description="Leave it out.")


MODELS: dict[str, type[BaseModel]] = {
    model.__name__: model
    for model in (
        IntegrationFindingsOutput,
        IntegrationPlanOutput,
        IntegrationProposalsOutput,
        IntegrationReviewOutput,
    )
}


def fits(integration: Integration) -> Guardrail:
    """The rule that proposals are operations of the integration that write, with arguments that fit."""

    def rule(output: BaseModel, case: Case) -> Iterator[str]:  # noqa: ARG001 - all rules take the same
        assert isinstance(output, IntegrationProposalsOutput | IntegrationReviewOutput)
        if sum(map(len, output.proposals.values())) > _MAX_PROPOSALS:
            yield f"propose no more than {_MAX_PROPOSALS} operations"
        for name, proposals in output.proposals.items():
            operation = integration.operations.get(name)
            if operation is None or operation.risk is Risk.READ:
                writing = [known.name for known in integration.operations.values() if known.risk is not Risk.READ]
                yield f"{name!r} cannot be proposed; only {', '.join(writing)} can"
                continue
            for proposal in proposals:
                try:
                    check_arguments(operation, proposal.arguments)
                except InvalidArguments as error:
                    yield f"{name}: {error.reason}"

    return rule


def stands(proposer: str) -> Guardrail:
    """The rule that a review adds nothing: what stands was proposed by the role `proposer`, word for word."""

    def rule(output: BaseModel, case: Case) -> Iterator[str]:
        assert isinstance(output, IntegrationReviewOutput)
        proposed = {
            (name, _text(proposal["arguments"]))
            for given in values_at(case.earlier, f"{proposer}.proposals")
            for name, proposals in given.items()
            for proposal in proposals
        }
        for name, proposals in output.proposals.items():
            for proposal in proposals:
                if (name, _text(proposal.arguments)) not in proposed:
                    yield f"{name} with these arguments was not proposed; a review strikes, it adds nothing"

    return rule


def _text(arguments: dict[str, Any]) -> str:
    return json.dumps(arguments, sort_keys=True)
