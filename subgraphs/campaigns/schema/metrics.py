"""What came of campaigns and their variants, as it is shown."""

from collections.abc import Sequence
from enum import Enum
from typing import Self

import strawberry

from resolvers.ids import wire_id
from subgraphs.campaigns.domain import splits
from subgraphs.campaigns.domain.campaigns import Variant
from subgraphs.campaigns.domain.messages import MessageEventKind, Numbers, rate

__all__ = ["CampaignMetrics", "CampaignRate", "VariantComparison", "comparisons"]

INTERNAL = ("internal",)

strawberry.enum(
    MessageEventKind,
    name="CampaignMessageEventKind",
    description="What came of a message. CONVERTED is an order within the campaign's days, told by the shop alone.",
)


@strawberry.enum(description="What variants are compared by; each is a share of the messages sent.")
class CampaignRate(Enum):
    OPENED = "opened"
    CLICKED = "clicked"
    CONVERTED = "converted"
    UNSUBSCRIBED = "unsubscribed"


_RATE = "As a share of what was sent, from 0 to 1; null if nothing was."


@strawberry.federation.type(
    tags=INTERNAL, description="What came of messages. Each counts once, however often something happened with it."
)
class CampaignMetrics:
    recipients: int = strawberry.field(description="Messages in all.")
    sent: int = strawberry.field(description="Taken by the provider.")
    failed: int = strawberry.field(description="Refused by the provider.")
    unknown: int = strawberry.field(description="Perhaps sent: a worker was stopped over them.")
    skipped: int = strawberry.field(description="Not sent: unsubscribed, deleted or cancelled before.")
    delivered: int = strawberry.field(description="Arrived, as the provider tells.")
    opened: int = strawberry.field(description="Opened.")
    clicked: int = strawberry.field(description="With a link that was followed.")
    bounced: int = strawberry.field(description="Come back.")
    complained: int = strawberry.field(description="Reported as unwanted.")
    unsubscribed: int = strawberry.field(description="Answered by unsubscribing.")
    converted: int = strawberry.field(description="Followed by an order.")
    delivery_rate: float | None = strawberry.field(description=_RATE)
    open_rate: float | None = strawberry.field(description=_RATE)
    click_rate: float | None = strawberry.field(description=_RATE)
    unsubscribe_rate: float | None = strawberry.field(description=_RATE)
    conversion_rate: float | None = strawberry.field(description=_RATE)

    @classmethod
    def of(cls, numbers: Numbers) -> Self:
        """As the domain has it."""
        return cls(
            recipients=numbers.recipients,
            sent=numbers.sent,
            failed=numbers.failed,
            unknown=numbers.unknown,
            skipped=numbers.skipped,
            delivered=numbers.delivered,
            opened=numbers.opened,
            clicked=numbers.clicked,
            bounced=numbers.bounced,
            complained=numbers.complained,
            unsubscribed=numbers.unsubscribed,
            converted=numbers.converted,
            delivery_rate=rate(numbers.delivered, numbers.sent),
            open_rate=rate(numbers.opened, numbers.sent),
            click_rate=rate(numbers.clicked, numbers.sent),
            unsubscribe_rate=rate(numbers.unsubscribed, numbers.sent),
            conversion_rate=rate(numbers.converted, numbers.sent),
        )


@strawberry.federation.type(
    tags=INTERNAL,
    description="A variant against the control, by the two-proportion z-test with pooled variance: "
    "z = (p2 - p1) / sqrt(p (1 - p) (1/n1 + 1/n2)), p-value = erfc(|z| / sqrt 2).",
)
class VariantComparison:
    control_id: strawberry.ID = strawberry.field(description="Of the first variant.")
    variant_id: strawberry.ID = strawberry.field(description="Of the other one.")
    by: CampaignRate = strawberry.field(description="What they are compared by.")
    difference: float = strawberry.field(description="The variant's rate minus the control's.")
    z: float | None = strawberry.field(description="In standard errors; null if there is too little to go by.")
    p_value: float | None = strawberry.field(description="How often chance alone makes so great a difference.")
    is_significant: bool = strawberry.field(description="Whether that is in fewer than one of twenty.")


def comparisons(variants: Sequence[Variant], numbers: Sequence[Numbers]) -> list[VariantComparison]:
    """Each variant but the first against the first, by each rate; none where nothing was sent."""
    found = []
    for variant, own in list(zip(variants, numbers, strict=True))[1:]:
        for by in CampaignRate:
            # Somebody may do it before the sending is written down.
            control = min(getattr(numbers[0], by.value), numbers[0].sent), numbers[0].sent
            compared = splits.compared(control, (min(getattr(own, by.value), own.sent), own.sent))
            if compared is not None:
                found.append(
                    VariantComparison(
                        control_id=wire_id(variants[0].id),
                        variant_id=wire_id(variant.id),
                        by=by,
                        difference=compared.difference,
                        z=compared.z,
                        p_value=compared.p_value,
                        is_significant=compared.is_significant,
                    )
                )
    return found
