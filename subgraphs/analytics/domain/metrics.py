"""All metrics: what is counted. What counts for them is in `catalogue`."""

from collections.abc import Mapping
from typing import Final

from subgraphs.analytics.domain.errors import MetricNotFound
from subgraphs.analytics.domain.rules import Metric, Statistic, Unit

__all__ = ["METRICS", "metric_of"]

_METRICS: Final = (
    Metric("agents.runs", "Runs", "Runs of crews that have ended.", dimensions=("crew", "engine", "status")),
    Metric(
        "agents.spending",
        "Spending on models",
        "What language models have cost in runs that have ended.",
        unit=Unit.MONEY,
        dimensions=("crew",),
    ),
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
    Metric("campaigns.finished", "Campaigns finished", "Campaigns of which all messages are dealt with."),
    Metric(
        "campaigns.not_sent",
        "Messages not sent",
        "Messages of finished campaigns that did not go out, or nobody knows.",
    ),
    Metric(
        "campaigns.responses",
        "Responses",
        "What came of messages: delivered, opened, clicked, converted and so on, as often as it is told of.",
        dimensions=("campaign", "channel", "kind"),
    ),
    Metric("content.forms", "Forms sent", "Forms of the site that visitors sent.", dimensions=("form", "locale")),
    Metric(
        "content.pages_published",
        "Pages published",
        "Pages, and changes of them, that were published.",
        dimensions=("kind", "locale"),
    ),
    Metric(
        "content.pages_unpublished",
        "Pages unpublished",
        "Pages that were taken off the site.",
        dimensions=("kind", "locale"),
    ),
    Metric("crm.contacts_created", "Contacts", "Contacts that are new."),
    Metric("crm.contacts_deleted", "Contacts deleted", "Contacts that were deleted."),
    Metric("crm.leads_closed", "Leads closed", "Leads that were won or lost.", dimensions=("source", "status")),
    Metric("crm.leads_created", "Leads", "Leads that are new.", dimensions=("source",)),
    Metric("crm.tasks_completed", "Tasks done", "Tasks that were completed."),
    Metric("crm.tasks_created", "Tasks", "Tasks that were given to somebody, or to nobody yet."),
    Metric(
        "crm.value_won",
        "Value won",
        "What leads are worth that were won.",
        unit=Unit.MONEY,
        dimensions=("source",),
    ),
    Metric(
        "directory.businesses_claimed",
        "Businesses claimed",
        "Businesses whose owner was verified.",
        dimensions=("method",),
    ),
    Metric(
        "directory.ownerships_ended",
        "Ownerships ended",
        "Businesses that have that owner no longer.",
        dimensions=("how",),
    ),
    Metric(
        "directory.reviews_moderated",
        "Reviews moderated",
        "Decisions of moderators about reviews.",
        dimensions=("hidden",),
    ),
    Metric("gaming.tournaments", "Tournaments", "Tournaments that somebody won."),
    Metric(
        "gaming.tournament_players",
        "Players of tournaments",
        "Who took part in tournaments that are over; each time anew.",
    ),
    Metric(
        "sourcing.candidates_approved",
        "Candidates approved",
        "Candidates that may be listed.",
        dimensions=("supplier",),
    ),
    Metric(
        "sourcing.candidates_delisted",
        "Candidates delisted",
        "Candidates that were taken off the shop.",
        dimensions=("supplier",),
    ),
    Metric(
        "sourcing.candidates_listed",
        "Candidates listed",
        "Candidates that were put into the shop.",
        dimensions=("supplier",),
    ),
    Metric(
        "sourcing.dropship_orders", "Dropship orders", "Dropship orders that came to a status.", dimensions=("status",)
    ),
    Metric(
        "sourcing.margin",
        "Margin",
        "Of candidates that were approved, at the price they were approved for.",
        unit=Unit.PERCENT,
        statistic=Statistic.MEAN,
        dimensions=("supplier",),
    ),
    Metric(
        "sourcing.price_changes",
        "Suppliers' prices changed",
        "Changes of what suppliers ask.",
        dimensions=("supplier",),
    ),
    Metric(
        "sourcing.repricings",
        "Prices to be changed",
        "Listed candidates that are to be sold at another price, or not any more.",
    ),
    Metric(
        "sourcing.stock_changes",
        "Suppliers' stock changed",
        "Candidates that suppliers have again, or no more.",
        dimensions=("in_stock", "supplier"),
    ),
    Metric("trading.backtests", "Backtests", "Strategies that were tried on the past."),
    Metric("trading.commission", "Commission", "What the paper broker took.", unit=Unit.MONEY, dimensions=("symbol",)),
    Metric("trading.orders_filled", "Orders filled", "Orders that were carried out.", dimensions=("side", "symbol")),
    Metric(
        "trading.orders_placed",
        "Orders placed",
        "Orders that the paper broker took.",
        dimensions=("kind", "side", "symbol"),
    ),
    Metric(
        "trading.orders_rejected",
        "Orders rejected",
        "Orders that could not be carried out when their price came.",
        dimensions=("reason",),
    ),
    Metric(
        "trading.volume",
        "Volume",
        "What was bought and sold for, without commission.",
        unit=Unit.MONEY,
        dimensions=("side", "symbol"),
    ),
)

METRICS: Final[Mapping[str, Metric]] = {metric.name: metric for metric in sorted(_METRICS, key=lambda each: each.name)}
"""All, by name."""


def metric_of(name: str) -> Metric:
    """The metric of that name.

    Raises:
        MetricNotFound: there is none.
    """
    try:
        return METRICS[name]
    except KeyError:
        raise MetricNotFound(f"There is no metric {name[:100]!r}.") from None
