"""Where the rest of a list is: the request of the next page, from the last request and its answer."""

from dataclasses import replace
from typing import Any

import httpx

from brain.catalogue.descriptors import Body, Pagination, PaginationStyle, Place
from brain.catalogue.exchange import Answer
from brain.catalogue.replies import find, link_next
from brain.catalogue.requests import Request, set_path

__all__ = ["ElsewherePage", "first_page", "next_page"]


class ElsewherePage(Exception):
    """The provider says that the next page is on another host."""


def first_page(pagination: Pagination, request: Request) -> Request:
    """The request of the first page: it says how large pages are, and where to begin if the provider wants that."""
    if pagination.size_parameter:
        request = _put(pagination, request, pagination.size_parameter, pagination.size)
    if pagination.style is PaginationStyle.PAGE:
        request = _put(pagination, request, pagination.parameter, pagination.start)
    return request


def next_page(
    pagination: Pagination, base: httpx.URL, request: Request, answer: Answer, data: Any, page: int, seen: int
) -> Request | None:
    """The request of the next page, or None after the last.

    Args:
        base: the integration's address: no page is got from another host.
        page: how many pages there were.
        seen: how many items they had.

    Raises:
        ElsewherePage: as it says.
    """
    items = find(data, pagination.items)
    count = len(items) if isinstance(items, list) else 0
    if pagination.style is PaginationStyle.LINK_HEADER:
        return _at(base, request, link_next(answer.headers))
    if pagination.style is PaginationStyle.NEXT_URL:
        return _at(base, request, find(data, pagination.cursor))
    if pagination.more and not find(data, pagination.more):
        return None
    if pagination.style is PaginationStyle.CURSOR:
        cursor = find(data, pagination.cursor)
        if cursor in (None, ""):
            return None
        if pagination.continue_path:
            url = base.copy_with(raw_path=(base.path.rstrip("/") + pagination.continue_path).encode())
            return replace(request, url=url, query={}, body={pagination.parameter: cursor}, body_kind=Body.JSON)
        return _put(pagination, request, pagination.parameter, cursor)
    if count == 0:
        return None
    if pagination.style is PaginationStyle.LAST_ITEM:
        if not pagination.more and count < pagination.size:
            return None
        last = find(items, f"{count - 1}.{pagination.item_id}")
        return None if last is None else _put(pagination, request, pagination.parameter, last)
    total = _whole(find(data, pagination.total)) if pagination.total else None
    if pagination.style is PaginationStyle.PAGE:
        ended = page >= total if total is not None else count < pagination.size
        return None if ended else _put(pagination, request, pagination.parameter, pagination.start + page)
    short = not pagination.more and count < pagination.size
    ended = seen >= total if total is not None else short
    return None if ended else _put(pagination, request, pagination.parameter, pagination.start + seen)


def _put(pagination: Pagination, request: Request, name: str, value: Any) -> Request:
    if pagination.place is Place.BODY:
        return replace(request, body=set_path(request.body, name, value))
    return request.with_query(**{name: value})


def _at(base: httpx.URL, request: Request, address: Any) -> Request | None:
    if not isinstance(address, str) or not address:
        return None
    url = base.join(address)
    if (url.scheme, url.host, url.port) != (base.scheme, base.host, base.port) or url.userinfo:
        raise ElsewherePage
    return replace(request, url=url.copy_with(fragment=None), query={})


def _whole(value: Any) -> int | None:
    """Some providers write numbers as texts."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
