"""Rich text as Wagtail stores it: HTML in which links to pages and documents are numbers."""

import re
from collections.abc import Mapping
from html import escape
from typing import Final

__all__ = ["documents_in", "pages_in", "with_addresses"]

_LINK: Final = re.compile(r"<a\b[^>]*\blinktype=\"(page|document)\"[^>]*>")
_NUMBER: Final = re.compile(r"\bid=\"(\d{1,9})\"")


def pages_in(html: str) -> set[int]:
    """The pages that it links to."""
    return _numbers(html, "page")


def documents_in(html: str) -> set[int]:
    """The documents that it links to."""
    return _numbers(html, "document")


def with_addresses(html: str, pages: Mapping[int, str], documents: Mapping[int, str]) -> str:
    """The HTML with addresses in the place of numbers; a link to what is not there leads nowhere."""

    def link(match: re.Match[str]) -> str:
        number = _NUMBER.search(match.group(0))
        known = pages if match.group(1) == "page" else documents
        address = known.get(int(number.group(1))) if number else None
        return "<a>" if address is None else f'<a href="{escape(address)}">'

    return _LINK.sub(link, html)


def _numbers(html: str, kind: str) -> set[int]:
    found = set()
    for match in _LINK.finditer(html):
        number = _NUMBER.search(match.group(0)) if match.group(1) == kind else None
        if number:
            found.add(int(number.group(1)))
    return found
