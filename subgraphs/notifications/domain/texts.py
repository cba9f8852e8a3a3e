"""The platform's own texts, by language; a tenant may have others in their place."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from subgraphs.notifications.domain.kinds import NotificationKind

__all__ = ["BUILT_IN", "DEFAULT_LOCALE", "Text", "locales_for"]

DEFAULT_LOCALE: Final = "en"


@dataclass(frozen=True, slots=True)
class Text:
    """A template: a line, and what follows it."""

    subject: str
    body: str


BUILT_IN: Final[Mapping[str, Mapping[NotificationKind, Text]]] = {
    "en": {
        NotificationKind.CLAIM_CODE: Text(
            "Your code for {{ business }}",
            "Somebody says that {{ business }} is theirs. If that is you, this is your code:\n\n{{ code }}\n\n"
            "It is good for {{ minutes }} minutes. If it is not you, do nothing, and give it to nobody.",
        ),
        NotificationKind.INVITATION: Text(
            "You are invited to {{ organisation }}",
            "{{ organisation }} invites you, as {{ role }}. Accept with this code within {{ days }} days:\n\n"
            "{{ code }}\n\n{{ tenantUrl }}",
        ),
        NotificationKind.TASK_DUE: Text("Due: {{ title }}", "{{ title }} is due ({{ dueAt }})."),
        NotificationKind.BACK_IN_STOCK: Text(
            "It can be had again", "Something that you wait for can be had again.\n\n{{ tenantUrl }}"
        ),
        NotificationKind.REVIEW_POSTED: Text(
            "A review of {{ business }}", "{{ business }} was reviewed: {{ rating }} of 5. {{ title }}"
        ),
        NotificationKind.REVIEW_HIDDEN: Text(
            "Your review is hidden", "A moderator has hidden a review of yours. {{ reason }}"
        ),
        NotificationKind.BUSINESS_CLAIMED: Text("{{ business }} is yours", "The listing {{ business }} is yours now."),
        NotificationKind.OWNERSHIP_ENDED: Text(
            "{{ business }} is no longer yours", "The listing {{ business }} is no longer yours. {{ reason }}"
        ),
        NotificationKind.APPROVAL_WAITING: Text(
            "Waiting for your decision",
            "{{ crew }} waits for somebody to decide about what it proposes ({{ actions }}).",
        ),
    },
    "de": {
        NotificationKind.CLAIM_CODE: Text(
            "Ihr Code für {{ business }}",
            "Jemand gibt an, dass {{ business }} ihm gehört. Wenn Sie das sind, ist dies Ihr Code:\n\n{{ code }}\n\n"
            "Er gilt {{ minutes }} Minuten. Wenn nicht, tun Sie nichts, und geben Sie ihn niemandem.",
        ),
        NotificationKind.INVITATION: Text(
            "Einladung zu {{ organisation }}",
            "{{ organisation }} lädt Sie ein, als {{ role }}. Nehmen Sie mit diesem Code innerhalb von {{ days }} "
            "Tagen an:\n\n{{ code }}\n\n{{ tenantUrl }}",
        ),
        NotificationKind.TASK_DUE: Text("Fällig: {{ title }}", "{{ title }} ist fällig ({{ dueAt }})."),
        NotificationKind.BACK_IN_STOCK: Text(
            "Wieder erhältlich", "Etwas, worauf Sie warten, ist wieder erhältlich.\n\n{{ tenantUrl }}"
        ),
        NotificationKind.REVIEW_POSTED: Text(
            "Eine Bewertung von {{ business }}", "{{ business }} wurde bewertet: {{ rating }} von 5. {{ title }}"
        ),
        NotificationKind.REVIEW_HIDDEN: Text(
            "Ihre Bewertung ist verborgen", "Eine Bewertung von Ihnen wurde von der Moderation verborgen. {{ reason }}"
        ),
        NotificationKind.BUSINESS_CLAIMED: Text(
            "{{ business }} gehört Ihnen", "Der Eintrag {{ business }} gehört jetzt Ihnen."
        ),
        NotificationKind.OWNERSHIP_ENDED: Text(
            "{{ business }} gehört Ihnen nicht mehr", "Der Eintrag {{ business }} gehört Ihnen nicht mehr. {{ reason }}"
        ),
        NotificationKind.APPROVAL_WAITING: Text(
            "Wartet auf Ihre Entscheidung",
            "{{ crew }} wartet auf eine Entscheidung über seine Vorschläge ({{ actions }}).",
        ),
    },
}


def locales_for(*wanted: str | None) -> tuple[str, ...]:
    """Languages in the order in which texts are looked for: each tag, its language without region, and English."""
    found: dict[str, None] = {}
    for tag in (*wanted, DEFAULT_LOCALE):
        if tag:
            found[tag.lower()] = None
            found[tag.lower().partition("-")[0]] = None
    return tuple(found)
