"""Letting somebody without an account see a draft."""

import time
from datetime import UTC, datetime

from resolvers.session import TenantSession
from subgraphs.content.domain.errors import ContentPageNotFound
from subgraphs.content.domain.previews import PREVIEW_S, preview_token
from subgraphs.content.repository import pages

__all__ = ["create_preview"]


async def create_preview(session: TenantSession, key: bytes, page_id: int) -> tuple[str, datetime]:
    """A token for the newest draft of a page, and when it ends.

    Raises:
        ContentPageNotFound: there is no such page.
    """
    (page,) = await pages.find_pages(session, [page_id], drafts=True)
    tenant_id = session.context.tenant_id
    if page is None or tenant_id is None:
        raise ContentPageNotFound
    ends_at_s = int(time.time()) + PREVIEW_S
    return preview_token(key, tenant_id, page_id, ends_at_s), datetime.fromtimestamp(ends_at_s, UTC)
