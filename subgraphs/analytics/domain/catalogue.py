"""What counts for which metric. A new event needs an entry in `RULES`, or in `NOT_COUNTED`, and no other code.

Tests hold each rule against the event's schema, and demand an entry for every event that there is. Rollups that were
made by other rules are made anew with `python -m subgraphs rebuild --only analytics`.
"""

from collections.abc import Mapping
from typing import Final

from subgraphs.analytics.domain.rules import EventRule, Measure, Subject

__all__ = ["NOT_COUNTED", "RULES", "rule_of"]

# Visitor, lead, recipient and customer: who has the address, wherever they appear.
_PERSON: Final = Subject("email", personal=True)

_RULES: Final = (
    EventRule(
        "agents.run_ended",
        1,
        (
            Measure("agents.runs", dimensions={"crew": "crew", "engine": "engine", "status": "status"}),
            Measure("agents.spending", "spent", "currency", {"crew": "crew"}),
        ),
        at="ended_at",
        subjects={"run": Subject("run_id")},
        traits={"crew": "crew", "status": "status"},
    ),
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
        subjects={"contact": Subject("contact_id"), "person": _PERSON},
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
        subjects={"person": _PERSON},
        traits={"channel": "channel"},
    ),
    EventRule(
        "trading.instrument_created",
        1,
        (Measure("trading.instruments_created", dimensions={"currency": "currency"}),),
        at="created_at",
    ),
    EventRule(
        "campaigns.campaign_finished",
        1,
        (Measure("campaigns.finished"), Measure("campaigns.not_sent", "not_sent")),
        at="finished_at",
    ),
    EventRule(
        "campaigns.contact_responded",
        1,
        (
            Measure(
                "campaigns.responses", dimensions={"campaign": "campaign_name", "channel": "channel", "kind": "kind"}
            ),
        ),
        at="at",
        subjects={"contact": Subject("contact_id"), "person": _PERSON},
        traits={"campaign": "campaign_name", "channel": "channel", "kind": "kind"},
    ),
    EventRule(
        "content.form_submitted",
        1,
        (Measure("content.forms", dimensions={"form": "form", "locale": "locale"}),),
        at="submitted_at",
        subjects={"person": _PERSON},
        traits={"form": "form", "page": "page"},
    ),
    EventRule(
        "content.page_published",
        1,
        (Measure("content.pages_published", dimensions={"kind": "kind", "locale": "locale"}),),
        at="published_at",
    ),
    EventRule(
        "content.page_unpublished",
        1,
        (Measure("content.pages_unpublished", dimensions={"kind": "kind", "locale": "locale"}),),
        at="unpublished_at",
    ),
    EventRule(
        "crm.contact_created",
        1,
        (Measure("crm.contacts_created"),),
        at="created_at",
        subjects={"contact": Subject("contact_id"), "person": _PERSON},
    ),
    EventRule("crm.contact_deleted", 1, (Measure("crm.contacts_deleted"),), at="deleted_at"),
    EventRule(
        "crm.lead_created",
        1,
        (Measure("crm.leads_created", dimensions={"source": "source"}),),
        at="created_at",
        subjects={"contact": Subject("contact_id"), "lead": Subject("lead_id"), "person": _PERSON},
        traits={"source": "source"},
    ),
    EventRule(
        "crm.lead_closed",
        1,
        (
            Measure("crm.leads_closed", dimensions={"source": "source", "status": "status"}),
            Measure("crm.value_won", "value", "currency", {"source": "source"}, where={"status": "won"}),
        ),
        at="closed_at",
        subjects={"contact": Subject("contact_id"), "lead": Subject("lead_id"), "person": _PERSON},
        traits={"source": "source", "status": "status"},
    ),
    EventRule(
        "crm.task_completed",
        1,
        (Measure("crm.tasks_completed"),),
        at="completed_at",
        subjects={"account": Subject("completed_by"), "lead": Subject("lead_id"), "task": Subject("task_id")},
    ),
    EventRule(
        "crm.task_created",
        1,
        (Measure("crm.tasks_created"),),
        at="created_at",
        subjects={"lead": Subject("lead_id"), "task": Subject("task_id")},
    ),
    EventRule(
        "directory.business_claimed",
        1,
        (Measure("directory.businesses_claimed", dimensions={"method": "method"}),),
        at="verified_at",
        subjects={"account": Subject("owner_id")},
        traits={"method": "method"},
    ),
    EventRule(
        "directory.ownership_ended",
        1,
        (Measure("directory.ownerships_ended", dimensions={"how": "how"}),),
        at="ended_at",
        subjects={"account": Subject("owner_id")},
    ),
    EventRule(
        "directory.review_moderated",
        1,
        (Measure("directory.reviews_moderated", dimensions={"hidden": "is_hidden"}),),
        at="decided_at",
    ),
    EventRule(
        "gaming.tournament_finished",
        1,
        (Measure("gaming.tournaments"), Measure("gaming.tournament_players", "player_count")),
        at="finished_at",
        subjects={"account": Subject("winner_account_id"), "player": Subject("winner_id")},
    ),
    EventRule(
        "sourcing.candidate_approved",
        1,
        (
            Measure("sourcing.candidates_approved", dimensions={"supplier": "supplier"}),
            Measure("sourcing.margin", "margin", dimensions={"supplier": "supplier"}),
        ),
        at="approved_at",
        subjects={"candidate": Subject("candidate_id")},
        traits={"supplier": "supplier"},
    ),
    EventRule(
        "sourcing.candidate_delisted",
        1,
        (Measure("sourcing.candidates_delisted", dimensions={"supplier": "supplier"}),),
        at="delisted_at",
        subjects={"candidate": Subject("candidate_id")},
        traits={"supplier": "supplier"},
    ),
    EventRule(
        "sourcing.candidate_listed",
        1,
        (Measure("sourcing.candidates_listed", dimensions={"supplier": "supplier"}),),
        at="listed_at",
        subjects={"candidate": Subject("candidate_id")},
        traits={"supplier": "supplier"},
    ),
    EventRule(
        "sourcing.dropship_order_changed",
        1,
        (Measure("sourcing.dropship_orders", dimensions={"status": "status"}),),
        at="changed_at",
        subjects={"dropship_order": Subject("dropship_order_id")},
        traits={"status": "status"},
    ),
    EventRule(
        "sourcing.price_changed",
        1,
        (Measure("sourcing.price_changes", dimensions={"supplier": "supplier"}),),
        at="changed_at",
    ),
    EventRule("sourcing.selling_price_changed", 1, (Measure("sourcing.repricings"),), at="changed_at"),
    EventRule(
        "sourcing.stock_changed",
        1,
        (Measure("sourcing.stock_changes", dimensions={"in_stock": "in_stock", "supplier": "supplier"}),),
        at="changed_at",
    ),
    EventRule("trading.backtest_finished", 1, (Measure("trading.backtests"),), at="finished_at"),
    EventRule(
        "trading.order_filled",
        1,
        (
            Measure("trading.orders_filled", dimensions={"side": "side", "symbol": "symbol"}),
            Measure("trading.volume", "amount", "currency", {"side": "side", "symbol": "symbol"}),
            Measure("trading.commission", "commission", "currency", {"symbol": "symbol"}),
        ),
        at="filled_at",
        subjects={"trade_order": Subject("order_id")},
        traits={"side": "side", "symbol": "symbol"},
    ),
    EventRule(
        "trading.order_placed",
        1,
        (Measure("trading.orders_placed", dimensions={"kind": "kind", "side": "side", "symbol": "symbol"}),),
        at="placed_at",
        subjects={"account": Subject("placed_by"), "trade_order": Subject("order_id")},
        traits={"kind": "kind", "side": "side", "symbol": "symbol"},
    ),
    EventRule(
        "trading.order_rejected",
        1,
        (Measure("trading.orders_rejected", dimensions={"reason": "reason"}),),
        subjects={"trade_order": Subject("order_id")},
        traits={"reason": "reason"},
    ),
)

NOT_COUNTED: Final[Mapping[str, str]] = {
    "crm.contact_changed": "says how a contact is now, and is told again for those who begin to listen",
    "crm.lead_changed": "says how a lead is now; that it was created and closed is counted",
    "crm.lead_deleted": "is the tidying up of what was counted when it was created",
    "crm.csv_import_advanced": "is a step that crm tells itself; the contacts and leads of the file are counted",
    "agents.approval_requested": "is for those who decide",
    "agents.integration_checked": "says how a connection is now",
    "crm.task_due": "is a reminder; tasks are counted when they are made and done",
    "directory.claim_code_requested": "is for whoever sends the code; claims that came to something are counted",
    "identity.member_confirmed": "says who is a member now, for those who begin to listen; who joins is counted",
    "identity.invitation_made": "is for whoever sends the invitation; who joins is counted",
    "storefront.variant_back_in_stock": "is for those who wait for it",
}
"""Events that count for nothing, and why."""

RULES: Final[Mapping[tuple[str, int], EventRule]] = {(rule.event, rule.version): rule for rule in _RULES}
"""What each version of each event counts for."""


def rule_of(event: str, version: int) -> EventRule | None:
    """What a version of an event counts for; None if nothing."""
    return RULES.get((event, version))
