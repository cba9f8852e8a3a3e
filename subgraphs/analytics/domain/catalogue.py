"""All metrics, and what counts for them. A new event needs an entry in `RULES`, and no other code.

A test holds each rule against the event's schema. Rollups that were made by other rules are made anew with
`python -m subgraphs rebuild --only analytics`.
"""

from collections.abc import Mapping
from typing import Final

from subgraphs.analytics.domain.errors import MetricNotFound
from subgraphs.analytics.domain.rules import EventRule, Measure, Metric, Statistic, Subject, Unit

__all__ = ["METRICS", "RULES", "metric_of", "rule_of"]

_METRICS: Final = (
    Metric(
        "campaigns.messages",
        "Messages sent",
        "Messages of campaigns that were sent to contacts.",
        dimensions=("campaign", "channel"),
    ),
    Metric("campaigns.started", "Campaigns started", "Campaigns that began to be sent.", dimensions=("channel",)),
    Metric(
        "campaigns.unsubscribes",
        "Unsubscribes",
        "Contacts who want no more messages over a channel.",
        dimensions=("channel",),
    ),
    Metric("crm.contacts_merged", "Contacts merged", "Contacts that were found to be one person."),
    Metric(
        "crm.stages_entered",
        "Stages entered",
        "Leads that entered a stage with a rule to tell of it.",
        dimensions=("stage", "status"),
    ),
    Metric(
        "directory.rating",
        "Rating",
        "What reviewers gave, from 1 to 5.",
        unit=Unit.POINTS,
        statistic=Statistic.MEAN,
        dimensions=("business",),
    ),
    Metric("directory.reviews", "Reviews", "Reviews of businesses.", dimensions=("business", "rating")),
    Metric(
        "gaming.achievements", "Achievements", "Achievements that players were awarded.", dimensions=("achievement",)
    ),
    Metric(
        "gaming.play_time",
        "Time played",
        "How long sessions lasted.",
        unit=Unit.SECONDS,
        dimensions=("game",),
    ),
    Metric(
        "gaming.score",
        "Score",
        "What sessions ended with.",
        unit=Unit.POINTS,
        statistic=Statistic.MEAN,
        dimensions=("game",),
    ),
    Metric("gaming.sessions", "Games played", "Sessions that were played to their end.", dimensions=("game",)),
    Metric("identity.members_joined", "Members joined", "People who became members.", dimensions=("role",)),
    Metric("identity.members_removed", "Members removed", "People who are members no longer."),
    Metric("identity.roles_changed", "Roles changed", "Members who got another role.", dimensions=("role",)),
    Metric("storefront.items_sold", "Items sold", "Pieces in the orders of the shop.", dimensions=("product", "sku")),
    Metric("storefront.orders", "Orders", "Orders in the shop.", dimensions=("channel", "currency")),
    Metric(
        "storefront.revenue",
        "Revenue",
        "What orders come to, with taxes and delivery.",
        unit=Unit.MONEY,
        dimensions=("channel",),
    ),
    Metric("trading.instruments_created", "Instruments", "Instruments that were added.", dimensions=("currency",)),
)

_RULES: Final = (
    EventRule(
        "campaigns.campaign_started",
        1,
        (Measure("campaigns.started", dimensions={"channel": "channel"}),),
        at="started_at",
    ),
    EventRule(
        "campaigns.contact_messaged",
        1,
        (Measure("campaigns.messages", dimensions={"campaign": "campaign_name", "channel": "channel"}),),
        at="sent_at",
        subjects={"contact": Subject("contact_id")},
        traits={"campaign": "campaign_name", "channel": "channel"},
    ),
    EventRule(
        "campaigns.contact_unsubscribed",
        1,
        (Measure("campaigns.unsubscribes", dimensions={"channel": "channel"}),),
        at="unsubscribed_at",
        subjects={"contact": Subject("contact_id")},
        traits={"channel": "channel"},
    ),
    EventRule("crm.contacts_merged", 1, (Measure("crm.contacts_merged"),), at="merged_at"),
    EventRule(
        "crm.lead_entered_stage",
        1,
        (Measure("crm.stages_entered", dimensions={"stage": "stage_name", "status": "status"}),),
        at="entered_at",
        subjects={"lead": Subject("lead_id")},
        traits={"stage": "stage_name", "status": "status"},
    ),
    EventRule(
        "directory.review_posted",
        1,
        (
            Measure("directory.reviews", dimensions={"business": "business_name", "rating": "rating"}),
            Measure("directory.rating", amount="rating", dimensions={"business": "business_name"}),
        ),
        at="posted_at",
        subjects={"account": Subject("author_id")},
        traits={"business": "business_name"},
    ),
    EventRule(
        "gaming.achievement_awarded",
        1,
        (Measure("gaming.achievements", dimensions={"achievement": "achievement_name"}),),
        at="awarded_at",
        subjects={"account": Subject("account_id"), "player": Subject("player_id")},
        traits={"achievement": "achievement_name"},
    ),
    EventRule(
        "gaming.session_finished",
        1,
        (
            Measure("gaming.sessions", dimensions={"game": "game_name"}),
            Measure("gaming.score", amount="score", dimensions={"game": "game_name"}),
            Measure("gaming.play_time", amount="duration_s", dimensions={"game": "game_name"}),
        ),
        at="finished_at",
        subjects={"account": Subject("account_id"), "player": Subject("player_id")},
        traits={"game": "game_name"},
    ),
    EventRule(
        "identity.member_joined",
        1,
        (Measure("identity.members_joined", dimensions={"role": "role"}),),
        at="joined_at",
        subjects={"account": Subject("user_id")},
        traits={"role": "role"},
    ),
    EventRule(
        "identity.member_removed",
        1,
        (Measure("identity.members_removed"),),
        at="removed_at",
        subjects={"account": Subject("user_id")},
    ),
    EventRule(
        "identity.role_changed",
        1,
        (Measure("identity.roles_changed", dimensions={"role": "role"}),),
        at="changed_at",
        subjects={"account": Subject("user_id")},
        traits={"role": "role"},
    ),
    EventRule(
        "storefront.order_placed",
        1,
        (
            Measure("storefront.orders", dimensions={"channel": "channel", "currency": "currency"}),
            Measure("storefront.revenue", "total", "currency", {"channel": "channel"}),
            Measure(
                "storefront.items_sold",
                "lines.quantity",
                dimensions={"product": "lines.name", "sku": "lines.sku"},
                each="lines",
            ),
        ),
        at="placed_at",
        subjects={"customer": Subject("email", personal=True)},
        traits={"channel": "channel"},
    ),
    EventRule(
        "trading.instrument_created",
        1,
        (Measure("trading.instruments_created", dimensions={"currency": "currency"}),),
        at="created_at",
    ),
)

METRICS: Final[Mapping[str, Metric]] = {metric.name: metric for metric in sorted(_METRICS, key=lambda each: each.name)}
"""All, by name."""

RULES: Final[Mapping[tuple[str, int], EventRule]] = {(rule.event, rule.version): rule for rule in _RULES}
"""What each version of each event counts for."""


def metric_of(name: str) -> Metric:
    """The metric of that name.

    Raises:
        MetricNotFound: there is none.
    """
    try:
        return METRICS[name]
    except KeyError:
        raise MetricNotFound(f"There is no metric {name[:100]!r}.") from None


def rule_of(event: str, version: int) -> EventRule | None:
    """What a version of an event counts for; None if nothing."""
    return RULES.get((event, version))
