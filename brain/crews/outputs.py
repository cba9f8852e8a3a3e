"""What tasks put out: models that an output must satisfy before anyone is shown it. Unknown fields are refused."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

__all__ = [
    "OUTPUTS",
    "CampaignAudienceOutput",
    "CampaignContentOutput",
    "CampaignResultsOutput",
    "Citation",
    "Figure",
    "FoundProduct",
    "Incident",
    "IncidentsOutput",
    "LeadScoreOutput",
    "ProductFinding",
    "ProductSearchOutput",
    "ProductValidationOutput",
    "ProposedTrade",
    "RemediesOutput",
    "Remedy",
    "ReviewDraftOutput",
    "ReviewResponseOutput",
    "SeenOffer",
    "SupplyCheckOutput",
    "SupportAnswerOutput",
    "TenantFiguresOutput",
    "TenantReportOutput",
    "TradeProposalOutput",
]

Line = Annotated[str, Field(min_length=1, max_length=300)]


class _Output(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class LeadScoreOutput(_Output):
    """How promising a lead is."""

    value: Annotated[int, Field(ge=0, le=100)] | None = Field(
        description="0: no chance; 100: sure and large. Null for a lead that is closed: it is not scored."
    )
    summary: Line = Field(description="One sentence.")
    reasons: list[Line] = Field(min_length=1, max_length=20, description="The weightiest first.")


class ReviewDraftOutput(_Output):
    """A response to a review, drafted."""

    text: str = Field(min_length=1, max_length=2000, description="The response.")
    topics: list[Line] = Field(max_length=10, description="What of the review it takes up.")


class ReviewResponseOutput(_Output):
    """A response to a review, checked."""

    text: str = Field(min_length=1, max_length=2000, description="The response as it should go out.")
    changes: list[Line] = Field(max_length=20, description="What was wrong with the draft; empty if nothing.")
    summary: Line = Field(description="One sentence.")


class Citation(_Output):
    """A passage that an answer rests on."""

    documentId: str = Field(description="Of the text.")  # noqa: N815 - clients read it
    title: str = Field(max_length=300, description="Of the text.")
    quote: str = Field(min_length=1, max_length=1000, description="Word for word as the passage has it.")


class SupportAnswerOutput(_Output):
    """An answer from the tenant's own texts."""

    answered: bool = Field(description="Whether the texts say it.")
    answer: str = Field(min_length=1, max_length=4000, description="The answer, or that the texts do not say it.")
    citations: list[Citation] = Field(max_length=10, description="Empty if not answered.")


class Figure(_Output):
    """A number about the tenant."""

    name: str = Field(min_length=1, max_length=100, description="What it counts.")
    value: float = Field(description="As the graph has it, or computed from such.")
    source: str = Field(min_length=1, max_length=200, description="Where the graph has it.")


class TenantFiguresOutput(_Output):
    """Numbers about a tenant."""

    figures: list[Figure] = Field(min_length=1, max_length=60, description="Each once.")


class TenantReportOutput(_Output):
    """What the numbers say."""

    summary: Line = Field(description="One sentence.")
    findings: list[Line] = Field(max_length=20, description="The most important first, with their numbers.")
    figures: list[Figure] = Field(min_length=1, max_length=60, description="That the findings rest on.")


class Incident(_Output):
    """Something that is wrong."""

    kind: Literal["RUN_FAILED", "RUN_STUCK", "SPENDING", "INTEGRATION"] = Field(description="What sort.")
    subject: str = Field(
        min_length=1, max_length=200, description="Id of the run, the budget's period, or name of the integration."
    )
    evidence: Line = Field(description="What shows it.")


class IncidentsOutput(_Output):
    """What is wrong."""

    incidents: list[Incident] = Field(max_length=50, description="The gravest first; empty if all is well.")


class Remedy(_Output):
    """What can be done about an incident."""

    subject: str = Field(min_length=1, max_length=200, description="As the incident has it.")
    reason: Line = Field(description="Why this helps.")


class RemediesOutput(_Output):
    """What to do."""

    summary: Line = Field(description="One sentence.")
    retry: list[Remedy] = Field(max_length=20, description="Failed runs to try again; their ids are the subjects.")
    cancel: list[Remedy] = Field(max_length=20, description="Stuck runs to give up.")
    stop: list[Remedy] = Field(max_length=1, description="One entry to engage the tenant's kill switch; else empty.")
    forPeople: list[Line] = Field(max_length=20, description="What only people can mend, such as credentials.")  # noqa: N815 - clients read it


class CampaignAudienceOutput(_Output):
    """Whom a campaign reaches."""

    version: int = Field(ge=1, description="Of the campaign.")
    filter: str = Field(min_length=1, max_length=10_000, description="Of its segment.")
    people: int = Field(ge=0, description="Whom the segment finds.")
    reachable: int = Field(ge=0, description="Of them, who can be sent to.")
    summary: Line = Field(description="One sentence.")


class CampaignContentOutput(_Output):
    """What is to be approved."""

    version: int = Field(ge=1, description="Of the campaign.")
    filter: str = Field(min_length=1, max_length=10_000, description="Of its segment.")
    people: int = Field(ge=0, description="Whom the segment finds.")
    reachable: int = Field(ge=0, description="Of them, who can be sent to.")
    concerns: list[Line] = Field(max_length=20, description="What a person should look at first.")
    summary: Line = Field(description="One sentence.")


class CampaignResultsOutput(_Output):
    """What came of a campaign."""

    recipients: int = Field(ge=0, description="Messages in all.")
    sent: int = Field(ge=0, description="Taken by the provider.")
    opened: int = Field(ge=0, description="Opened.")
    clicked: int = Field(ge=0, description="With a link that was followed.")
    converted: int = Field(ge=0, description="Followed by an order.")
    unsubscribed: int = Field(ge=0, description="Answered by unsubscribing.")
    findings: list[Line] = Field(max_length=20, description="The most important first.")
    summary: Line = Field(description="One sentence.")


Number = Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,8})?$")]


class ProposedTrade(_Output):
    """An order that a person is asked for."""

    instrumentId: str = Field(min_length=1, max_length=100, description="As the signal has it.")  # noqa: N815 - clients read it
    side: Literal["BUY", "SELL"] = Field(description="Which way.")
    quantity: Number = Field(description="Whole lots, as text.")
    limitPrice: Number = Field(description="Whole ticks, as text.")  # noqa: N815 - clients read it
    reason: Line = Field(description="Why, in one sentence.")


class TradeProposalOutput(_Output):
    """Orders for a portfolio."""

    summary: Line = Field(description="One sentence.")
    orders: list[ProposedTrade] = Field(max_length=20, description="Empty if nothing is to be done.")


Asin = Annotated[str, Field(pattern=r"^[A-Z0-9]{10}$")]


class SeenOffer(_Output):
    """What a marketplace asks for a product now."""

    asin: Asin = Field(description="Amazon's number of the product.")
    unitPrice: Number | None = Field(default=None, description="Null where nobody offers it.")  # noqa: N815 - clients read it
    shippingPrice: Number | None = Field(default=None, description="That goes with it.")  # noqa: N815 - clients read it
    currency: str | None = Field(default=None, max_length=3, description="Of both.")
    offerCount: int | None = Field(default=None, ge=0, description="How many offer it.")  # noqa: N815 - clients read it


class FoundProduct(SeenOffer):
    """A product of a marketplace."""

    title: str = Field(min_length=1, max_length=500, description="As the marketplace has it.")
    brand: str | None = Field(default=None, max_length=200, description="As the marketplace has it.")
    salesRank: int | None = Field(default=None, ge=0, description="Within rankCategory.")  # noqa: N815 - clients read it
    rankCategory: str | None = Field(default=None, max_length=200, description="Where the rank holds.")  # noqa: N815 - clients read it


class ProductSearchOutput(_Output):
    """Products that were found."""

    summary: Line = Field(description="One sentence.")
    batches: Annotated[list[Annotated[list[FoundProduct], Field(min_length=1, max_length=20)]], Field(max_length=5)] = (
        Field(description="20 at a time; empty if nothing was found.")
    )


class SupplyCheckOutput(_Output):
    """Prices and stock as they were seen."""

    summary: Line = Field(description="One sentence.")
    observedAt: AwareDatetime | None = Field(  # noqa: N815 - clients read it
        description="When the marketplace was asked; null if nothing was due."
    )
    observations: list[SeenOffer] = Field(max_length=20, description="What it said.")
    unanswered: list[Asin] = Field(max_length=20, description="Of which it said nothing.")


class ProductFinding(_Output):
    """What was found of one aspect of a product."""

    aspect: Literal["demand", "competition", "compliance", "margin"] = Field(description="Of what.")
    verdict: Literal["PASS", "CONCERN", "FAIL"] = Field(description="Whether it speaks for the product.")
    note: Line = Field(description="Why, in one sentence.")


class ProductValidationOutput(_Output):
    """Whether a product is worth listing."""

    summary: Line = Field(description="One sentence.")
    evaluationId: str = Field(max_length=100, description="As it was read.")  # noqa: N815 - clients read it
    findings: list[ProductFinding] = Field(min_length=4, max_length=4, description="One for each aspect.")
    approval: Line | None = Field(description="Why it is worth listing; null if it is not.")
    rejection: Line | None = Field(description="Why it is not; null if it is.")


OUTPUTS: dict[str, type[BaseModel]] = {
    model.__name__: model
    for model in (
        LeadScoreOutput,
        ReviewDraftOutput,
        ReviewResponseOutput,
        SupportAnswerOutput,
        TenantFiguresOutput,
        TenantReportOutput,
        IncidentsOutput,
        RemediesOutput,
        CampaignAudienceOutput,
        CampaignContentOutput,
        CampaignResultsOutput,
        TradeProposalOutput,
        ProductSearchOutput,
        SupplyCheckOutput,
        ProductValidationOutput,
    )
}
