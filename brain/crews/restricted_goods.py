"""Goods that are not sent to customers, and goods for which papers may be needed, by the words that name them.

Words of a title are a seller's and of the marketplace's language; those of a product type (`KITCHEN_KNIFE`) are
Amazon's own, and English everywhere.
"""

import re
from typing import Final

__all__ = ["NEEDS_PAPERS", "NOT_SENT", "restricted_word"]

NOT_SENT: Final = re.compile(
    r"\b(ammunition|firearm|pistol|rifle|airsoft|explosive|firework|tobacco|cigar|cigarette|vape|e-?cigarette|cannabis|cbd|"
    r"prescription|pepper spray|taser|stun gun|counterfeit|replica)s?\b",
    re.IGNORECASE,
)
NEEDS_PAPERS: Final = re.compile(
    r"\b(perfume|fragrance|cosmetic|makeup|supplement|vitamin|food|battery|batteries|lithium|power bank|aerosol|knife|"
    r"knives|toy|medical|medication|drone|seed|pesticide|herbicide|insecticide|alcohol|wine|beer|spirit)s?\b",
    re.IGNORECASE,
)


def restricted_word(text: str, goods: re.Pattern[str]) -> str | None:
    """The word of a title or of a product type that names such goods."""
    found = goods.search(text.replace("_", " "))
    return None if found is None else found[0].lower()
