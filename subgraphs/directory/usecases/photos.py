"""Photos of listings: added, described, ordered, deleted by who acts for the listing; decided about by moderators."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.images import Rendition, UnusableImage, read_image
from resolvers.session import TenantSession
from subgraphs.directory.domain.errors import PhotoNotFound, TooManyPhotos
from subgraphs.directory.domain.photos import (
    MAX_PHOTOS,
    SIDES,
    PhotoDecision,
    PhotoRuling,
    PhotoSize,
    checked_alt_text,
    checked_order,
    new_key,
)
from subgraphs.directory.repository import listings, photos
from subgraphs.directory.usecases.rights import check_acts_for, check_moderates

__all__ = ["add_photo", "delete_photo", "describe_photo", "moderate_photo", "order_photos", "read_photo"]


async def add_photo(
    session: TenantSession, tenant_id: UUID, business_id: UUID, content: bytes, alt_text: str
) -> Row[Any]:
    """Look at a photo, store it behind the listing's others, and return its row.

    It is looked at between two transactions, so that no connection waits for it: it is committed already.

    Raises:
        InvalidPhoto: the alternative text is missing or too long.
        UnusableImage: the file is no image that can be shown.
        BusinessNotFound: there is no such business.
        NotYourListing: it is not the caller's, who does not keep the tenant's listings either.
        TooManyPhotos: the listing has as many as it may.
    """
    said = checked_alt_text(alt_text)
    async with session.apart() as looking:
        await check_acts_for(looking, business_id)
        _check_room(await photos.ids_of(looking, business_id))
    made = await read_photo(content)
    async with session.apart() as writing:
        await listings.lock(writing, business_id)
        await check_acts_for(writing, business_id)
        _check_room(await photos.ids_of(writing, business_id))
        uploaded_by = session.context.user_id
        return await photos.add(
            writing, tenant_id, made, business_id=business_id, alt_text=said, uploaded_by=uploaded_by
        )


async def read_photo(content: bytes) -> dict[PhotoSize, Rendition]:
    """The renditions of a photo.

    Raises:
        UnusableImage: it is none.
    """
    try:
        made = await read_image(content, {size.value: side for size, side in SIDES.items()})
    except UnusableImage as error:
        error.path = ("file",)
        raise
    return {PhotoSize(name): rendition for name, rendition in made.items()}


async def describe_photo(session: TenantSession, photo_id: UUID, alt_text: str) -> Row[Any]:
    """Say otherwise what a photo shows, and return its row.

    Raises:
        InvalidPhoto, PhotoNotFound, NotYourListing: as for `add_photo`.
    """
    said = checked_alt_text(alt_text)
    await _own_photo(session, photo_id)
    row = await photos.change(session, photo_id, alt_text=said)
    if row is None:
        raise PhotoNotFound
    return row


async def order_photos(session: TenantSession, business_id: UUID, photo_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Put all photos of a listing in another order, and return them in it.

    Raises:
        InvalidPhoto: they are not exactly the listing's.
        BusinessNotFound, NotYourListing: as for `add_photo`.
    """
    await check_acts_for(session, business_id)
    await listings.lock(session, business_id)
    wanted = checked_order(photo_ids, await photos.ids_of(session, business_id))
    return await photos.arrange(session, business_id, wanted)


async def delete_photo(session: TenantSession, photo_id: UUID) -> UUID:
    """Delete a photo with all its files, and return whose it was.

    Raises:
        PhotoNotFound, NotYourListing: as for `describe_photo`.
    """
    row = await _own_photo(session, photo_id)
    if not await photos.remove(session, photo_id):
        raise PhotoNotFound
    business_id: UUID = row.business_id
    return business_id


async def moderate_photo(session: TenantSession, user_id: UUID, photo_id: UUID, ruling: PhotoRuling) -> Row[Any]:
    """Hide or show a photo, and return its row. The addresses that a photo had are dead once it is hidden.

    Raises:
        PhotoNotFound: there is no such photo.
        NotAModerator: the caller decides about none.
    """
    check_moderates(session.context)
    seen = await photos.by_id(session, photo_id)
    if seen is None:
        raise PhotoNotFound
    values: dict[str, Any] = dict.fromkeys(("hidden_at", "hidden_by", "hidden_reason"))
    if ruling.decision is PhotoDecision.HIDE:
        values = {"hidden_at": datetime.now(UTC), "hidden_by": user_id, "hidden_reason": ruling.reason}
        if seen.hidden_at is None:
            values["key"] = new_key()
    row = await photos.change(session, photo_id, **values)
    if row is None:
        raise PhotoNotFound
    return row


async def _own_photo(session: TenantSession, photo_id: UUID) -> Row[Any]:
    row = await photos.by_id(session, photo_id)
    if row is None:
        raise PhotoNotFound
    business = await check_acts_for(session, row.business_id)
    await listings.lock(session, business.id)
    return row


def _check_room(present: Sequence[UUID]) -> None:
    if len(present) >= MAX_PHOTOS:
        raise TooManyPhotos
