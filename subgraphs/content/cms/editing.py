"""What editors change by the API, done by Wagtail: drafts, revisions, publishing, moves. `timing` has what is planned.

Every function runs inside `acting.for_tenant`. Who may ask is decided before.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from wagtail.admin.rich_text.converters.contentstate import ContentstateConverter
from wagtail.coreutils import find_available_slug
from wagtail.images.models import Image
from wagtail.models import Page, Revision, Site

from resolvers.context import RequestContext
from resolvers.errors import InvalidValue, check_version
from subgraphs.content.cms import editors, models
from subgraphs.content.cms.blocks import RICH_TEXT_FEATURES, BodyBlock
from subgraphs.content.domain.drafts import Draft
from subgraphs.content.domain.errors import (
    ContentImageNotFound,
    ContentPageNotFound,
    ContentRevisionNotFound,
    PageHasChildren,
    PageHasWrongPlace,
    PageIsHome,
    PageIsLocked,
    SlugTaken,
)
from subgraphs.content.domain.pages import PageKind

__all__ = [
    "create_page",
    "delete_page",
    "editor_of",
    "locked_page",
    "move_page",
    "publish_page",
    "refuse_locked",
    "refusing",
    "restore_revision",
    "update_page",
]

_MODELS: Final[dict[PageKind, Any]] = {
    PageKind.HOME: models.HomePage,
    PageKind.STANDARD: models.StandardPage,
    PageKind.ARTICLE_INDEX: models.ArticleIndexPage,
    PageKind.ARTICLE: models.ArticlePage,
    PageKind.FORM: models.FormPage,
}
# Names of the model's fields in the API.
_NAMES: Final = {"seo_title": "seoTitle", "search_description": "searchDescription", "go_live_at": "goLiveAt"}


def create_page(context: RequestContext, kind: PageKind, parent_id: int, draft: Draft) -> int:
    """A new page, as a draft: its id.

    Raises:
        ContentPageNotFound, PageHasWrongPlace, SlugTaken, InvalidValue: see there.
    """
    parent = locked_page(parent_id)
    model = _MODELS[kind]
    if model not in parent.specific_class.allowed_subpage_models():
        raise PageHasWrongPlace(f"No {kind.value} can be below this page.")
    if kind is PageKind.ARTICLE and draft.day is None:
        raise InvalidValue("date", "is needed for an article")
    title = draft.title or ""
    slug = draft.slug or find_available_slug(parent, slugify(title)[:200] or "page")
    page = model(title=title, slug=slug, live=False, locale=parent.locale)
    _apply(page, draft)
    with refusing():
        page.full_clean(exclude=["path", "depth", "url_path"])
        parent.add_child(instance=page)
        page.save_revision(user=editor_of(context), log_action=True)
    return int(page.pk)


def update_page(context: RequestContext, page_id: int, expected_version: int | None, draft: Draft) -> int:
    """Another draft of a page; what everybody sees stays as it is.

    Raises:
        VersionConflict: there is a newer draft than the expected one.
        PageIsLocked: by another editor.
        ContentPageNotFound, SlugTaken, InvalidValue: see there.
    """
    page = locked_page(page_id)
    check_version(page.latest_revision_id or 0, expected_version)
    editor = editor_of(context)
    refuse_locked(page, editor)
    newest = page.get_latest_revision_as_object()
    _apply(newest, draft)
    with refusing():
        newest.save_revision(user=editor, log_action=True)
    return page_id


def publish_page(context: RequestContext, page_id: int) -> int:
    """The newest draft is there for everybody: now, or when it is due."""
    page = locked_page(page_id)
    editor = editor_of(context)
    refuse_locked(page, editor)
    with refusing():
        revision = page.get_latest_revision() or page.specific.save_revision(user=editor)
        revision.publish(user=editor)
    return page_id


def restore_revision(context: RequestContext, revision_id: int, expected_version: int | None) -> int:
    """The page's newest draft is as this revision was; when it comes and goes stays as planned. Answers the page.

    Raises:
        ContentRevisionNotFound: there is none, or it is of something else than a page.
        VersionConflict, PageIsLocked, SlugTaken, InvalidValue: see there.
    """
    revision = Revision.page_revisions.filter(pk=revision_id).first()
    if revision is None:
        raise ContentRevisionNotFound
    page = locked_page(int(revision.object_id))
    editor = editor_of(context)
    refuse_locked(page, editor)
    check_version(page.latest_revision_id or 0, expected_version)
    newest, restored = page.get_latest_revision_as_object(), revision.as_object()
    restored.go_live_at, restored.expire_at = newest.go_live_at, newest.expire_at
    with refusing():
        restored.save_revision(user=editor, previous_revision=revision, log_action="wagtail.revert")
    return int(page.pk)


def delete_page(context: RequestContext, page_id: int, with_descendants: bool) -> int:
    """Removes a page, and those below it: how many.

    Raises:
        PageIsHome: the site begins with it.
        PageHasChildren: there are some, which are not meant.
        ContentPageNotFound, PageIsLocked: see there.
    """
    page = locked_page(page_id)
    editor = editor_of(context)
    if Site.objects.filter(root_page__path__startswith=page.path).exists():
        raise PageIsHome
    below = list(page.get_descendants())
    if below and not with_descendants:
        raise PageHasChildren(f"There are {len(below)} pages below this one.")
    for each in (page, *below):
        refuse_locked(each, editor)
    page.specific.delete(user=editor)
    return 1 + len(below)


def move_page(context: RequestContext, page_id: int, parent_id: int) -> int:
    """The page, with those below it, is the last one below another.

    Raises:
        PageHasWrongPlace: pages of its kind cannot be there, or it would be below itself.
        ContentPageNotFound, SlugTaken: see there.
    """
    page, parent = locked_page(page_id), locked_page(parent_id)
    editor = editor_of(context)
    refuse_locked(page, editor)
    is_below = parent == page or parent.is_descendant_of(page)
    if page.depth <= 2 or is_below or not page.specific.can_move_to(parent.specific):
        raise PageHasWrongPlace
    if not Page._slug_is_available(page.slug, parent, page):
        raise SlugTaken
    page.specific.move(parent, pos="last-child", user=editor)
    return page_id


def locked_page(page_id: int) -> Any:
    """A page below the root, locked until the transaction ends.

    Raises:
        ContentPageNotFound: there is none.
    """
    page = Page.objects.select_for_update().filter(pk=page_id, depth__gt=1).first()
    if page is None:
        raise ContentPageNotFound
    return page


def refuse_locked(page: Any, editor: Any) -> None:
    """What an editor has locked is theirs alone.

    Raises:
        PageIsLocked: it is another's.
    """
    if page.locked and (editor is None or page.locked_by_id != editor.pk):
        raise PageIsLocked


def editor_of(context: RequestContext) -> Any:
    """The caller's user in Wagtail, if there is one."""
    return None if context.user_id is None else editors.editor_of(context)


def _apply(page: Any, draft: Draft) -> None:
    for name in ("title", "slug", "intro", "seo_title", "search_description"):
        value = getattr(draft, name)
        if value is not None:
            setattr(page, name, value.strip())
    if draft.title is not None:
        page.draft_title = page.title
    if draft.image_id is not None:
        if isinstance(page, models.FormPage) or not Image.objects.filter(pk=draft.image_id).exists():
            raise ContentImageNotFound
        page.image_id = draft.image_id
    if draft.body is not None:
        page.body = _body(page, draft.body)
    if isinstance(page, models.ArticlePage):
        if draft.day is not None:
            page.date = draft.day
        if draft.tags is not None:
            page.tags.set(draft.tags)
        if draft.authors is not None:
            known = {author.slug: author for author in models.Author.objects.filter(slug__in=draft.authors)}
            unknown = [slug for slug in draft.authors if slug not in known]
            if unknown:
                raise InvalidValue("authors", f"has {unknown[0][:60]!r}, who is no author")
            page.authors = list(known.values())


def _body(page: Any, body: Sequence[Mapping[str, Any]]) -> Any:
    if isinstance(page, models.FormPage):
        raise InvalidValue("body", "is not of a form: it has questions")
    block = BodyBlock()
    block.set_name("body")
    try:
        return block.clean(block.to_python([_clean(each) for each in body]))
    except ValidationError as error:
        raise InvalidValue("body", f"is not good: {_text_of(error)}") from error


def _clean(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """A rich text without what Wagtail's editor would not have written."""
    if block["type"] != "rich_text":
        return block
    converter = ContentstateConverter(RICH_TEXT_FEATURES)
    text = converter.to_database_format(converter.from_database_format(str(block["value"])))
    return {**block, "value": text}


@contextmanager
def refusing() -> Iterator[None]:
    """Turns what Wagtail does not accept into errors of the domain."""
    try:
        yield
    except ValidationError as error:
        fields = error.message_dict if hasattr(error, "error_dict") else {"input": error.messages}
        name = next(iter(fields))
        if name == "slug" and any("in use" in message for message in fields[name]):
            raise SlugTaken from error
        raise InvalidValue(_NAMES.get(name, name), f"is not good: {fields[name][0]}") from error


def _text_of(error: ValidationError) -> str:
    """The first thing that is wrong, however deep in the blocks it is."""
    inner = getattr(error, "block_errors", None)
    if inner:
        errors = inner.values() if isinstance(inner, Mapping) else inner
        for each in errors:
            if each is not None:
                return _text_of(each)
    return str(error.messages[0]) if error.messages else "a block is not good"
