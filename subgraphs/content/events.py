"""What content tells other contexts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from resolvers.events.declaration import event

__all__ = ["FormSubmitted", "PagePublished", "PageUnpublished"]


@event("content.page_published", version=1, about="page_id")
@dataclass(frozen=True, slots=True)
class PagePublished:
    """A page, or a change of one, is there for everybody from now on.

    Attributes:
        page_id: of the page, in text.
        kind: what sort of page: article, form and so on.
        path: where it is, from the site's root.
        is_new: whether it has never been there before.
    """

    page_id: str
    kind: str
    title: str
    path: str
    locale: str
    is_new: bool
    published_at: datetime


@event("content.page_unpublished", version=1, about="page_id")
@dataclass(frozen=True, slots=True)
class PageUnpublished:
    """A page is there for editors only from now on, or for nobody."""

    page_id: str
    kind: str
    title: str
    path: str
    locale: str
    unpublished_at: datetime


@event("content.form_submitted", version=1, about="submission_id")
@dataclass(frozen=True, slots=True)
class FormSubmitted:
    """A visitor has filled in a form.

    Attributes:
        submission_id: of what was sent; the same however often it was sent.
        form: the slug of the form's page.
        page: the path of the page on which it was filled in.
        consent: whether they agreed to be written to.
        fields: the answers that have no name of their own here.
        locale: BCP 47 tag of the visitor.
    """

    submission_id: str
    form: str
    page: str | None
    name: str
    email: str
    phone: str | None
    company: str | None
    message: str | None
    consent: bool
    fields: Mapping[str, str]
    submitted_at: datetime
    locale: str | None
