"""The tenant's images, as a list."""

from sqlalchemy import func, select

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.content.domain.images import Image
from subgraphs.content.tables import table

__all__ = ["NEWEST", "count_images", "page_of_images"]

_image = table("wagtailimages_image")

NEWEST = Ordering("NEWEST", Key(_image.c.created_at, descending=True), Key(_image.c.id, descending=True))


async def page_of_images(session: TenantSession, window: Window) -> Page[Image]:
    """A page of them, the newest first. One statement."""
    names = ("id", "title", "description", "width", "height", "created_at")
    page = await fetch_page(session, select(*(_image.c[name] for name in names)), window)
    images = tuple(Image(row.id, row.title, row.description, row.width, row.height) for row in page.rows)
    return Page(images, page.cursors, page.info)


async def count_images(session: TenantSession) -> int:
    """How many there are."""
    return int(await session.scalar(select(func.count()).select_from(_image)))
