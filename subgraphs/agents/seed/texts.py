"""Demo texts: what a help centre would say."""

from typing import Final

__all__ = ["TEXTS"]

TEXTS: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    "acme": (
        (
            "returns",
            "Returns and refunds",
            (
                "You can return goods within 30 days of delivery. They must be unused and in their box.\n\n"
                "Write to us first, and we send you a label; shipping back is free. The money is on its "
                "way within five working days after the goods have arrived."
            ),
        ),
        (
            "hours",
            "Opening hours and holidays",
            (
                "Our shop is open from Monday to Saturday, nine to seven. On Sundays and holidays it is closed.\n\n"
                "The support team answers from Monday to Friday, eight to six."
            ),
        ),
        (
            "invoices",
            "Invoices",
            (
                "Invoices are sent by e-mail on the first working day of the month. To change its address, "
                "open Settings, Billing, and save before the 25th."
            ),
        ),
    ),
    "globex": (
        (
            "onboarding",
            "Onboarding of new machines",
            (
                "A technician installs each machine and trains two people. That takes one day; training another.\n\n"
                "The warranty of 24 months begins with the protocol that both sides sign."
            ),
        ),
        (
            "spares",
            "Spare parts",
            "Spare parts are kept for ten years. What is ordered before noon leaves the store the same day.",
        ),
    ),
}
"""Tenant's slug -> key, title and text of each."""
