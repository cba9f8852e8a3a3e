"""What content refuses."""

from resolvers.errors import Conflict, NotFound, Refused

__all__ = [
    "ContentFormNotFound",
    "ContentImageNotFound",
    "ContentPageNotFound",
    "InvalidPreview",
    "PageHasWrongPlace",
    "SlugTaken",
]


class ContentPageNotFound(NotFound):
    """There is no such page."""

    code = "CONTENT_PAGE_NOT_FOUND"


class ContentFormNotFound(NotFound):
    """There is no such form."""

    code = "CONTENT_FORM_NOT_FOUND"


class ContentImageNotFound(NotFound):
    """There is no such image."""

    code = "CONTENT_IMAGE_NOT_FOUND"


class SlugTaken(Conflict):
    """Another page has this slug there."""

    code = "SLUG_TAKEN"


class PageHasWrongPlace(Refused):
    """A page of this kind cannot be there."""

    code = "PAGE_HAS_WRONG_PLACE"


class InvalidPreview(Refused):
    """The preview has ended, or is not for this page."""

    code = "INVALID_PREVIEW"
