"""Letting somebody without an account see a draft."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from resolvers.session import TenantSession
from subgraphs.content.domain.errors import ContentPageNotFound
from subgraphs.content.domain.previews import PREVIEW_S, preview_token, preview_url
from subgraphs.content.repository import navigation, pages

__all__ = ["Preview", "create_preview"]


@dataclass(frozen=True, slots=True)
class Preview:
    """A way to see a draft.

    Attributes:
        url: on the tenant's frontend, if it has said where.
    """

    token: str
    url: str | None
    ends_at: datetime


async def create_preview(session: TenantSession, key: bytes, page_id: int) -> Preview:
    """A token for the newest draft of a page, and where it is shown.

    Raises:
        ContentPageNotFound: there is no such page.
    """
    (page,) = await pages.find_pages(session, [page_id], drafts=True)
    tenant_id = session.context.tenant_id
    if page is None or tenant_id is None:
        raise ContentPageNotFound
    ends_at_s = int(time.time()) + PREVIEW_S
    token = preview_token(key, tenant_id, page_id, ends_at_s)
    address = await navigation.preview_url(session)
    url = None if address is None else preview_url(address, page_id, page.path, page.locale, token)
    return Preview(token, url, datetime.fromtimestamp(ends_at_s, UTC))
