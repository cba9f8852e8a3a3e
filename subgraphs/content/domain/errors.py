"""What content refuses."""

from resolvers.errors import Conflict, NotFound, Refused

__all__ = [
    "ContentFormNotFound",
    "ContentImageNotFound",
    "ContentPageNotFound",
    "ContentRevisionNotFound",
    "InvalidPreview",
    "LibraryIsFull",
    "PageHasChildren",
    "PageHasWrongPlace",
    "PageIsHome",
    "PageIsLocked",
    "ParentNotTranslated",
    "SlugTaken",
    "TranslationExists",
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


class ContentRevisionNotFound(NotFound):
    """There is no such revision."""

    code = "CONTENT_REVISION_NOT_FOUND"


class SlugTaken(Conflict):
    """Another page has this slug there."""

    code = "SLUG_TAKEN"


class PageHasWrongPlace(Refused):
    """A page of this kind cannot be there."""

    code = "PAGE_HAS_WRONG_PLACE"


class PageHasChildren(Refused):
    """There are pages below this one."""

    code = "PAGE_HAS_CHILDREN"


class PageIsHome(Refused):
    """The site begins with this page: it stays."""

    code = "PAGE_IS_HOME"


class PageIsLocked(Refused):
    """An editor has locked this page."""

    code = "PAGE_IS_LOCKED"


class LibraryIsFull(Refused):
    """There is no room for more images."""

    code = "LIBRARY_IS_FULL"


class ParentNotTranslated(Refused):
    """The page above this one is not in that language."""

    code = "PARENT_NOT_TRANSLATED"


class TranslationExists(Conflict):
    """The page is in that language already."""

    code = "TRANSLATION_EXISTS"


class InvalidPreview(Refused):
    """The preview has ended, or is not for this page."""

    code = "INVALID_PREVIEW"
