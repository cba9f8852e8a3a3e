"""Copies of pages in other languages. As in `editing`."""

from typing import Any

from django.conf import settings
from django.db import connection
from wagtail.actions.copy_for_translation import CopyPageForTranslationAction
from wagtail.models import Locale

from resolvers.context import RequestContext
from resolvers.errors import InvalidValue
from subgraphs.content.cms import acting
from subgraphs.content.cms.editing import editor_of, locked_page
from subgraphs.content.domain.errors import ParentNotTranslated, TranslationExists

__all__ = ["translate_page"]


def translate_page(context: RequestContext, page_id: int, language: str, with_parents: bool) -> int:
    """A copy of a page in another language, below the translation of the page above it, as a draft: its id.

    Raises:
        InvalidValue: sites are not in that language.
        TranslationExists: the page is in it already.
        ParentNotTranslated: the page above is not, and was not meant.
        ContentPageNotFound: see there.
    """
    if language not in dict(settings.LANGUAGES):
        raise InvalidValue("locale", f"must be one of {', '.join(dict(settings.LANGUAGES))}")
    page = locked_page(page_id)
    with connection.cursor() as cursor:
        # Two who translate the same at once make one copy.
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"content/tree/{acting.tenant()}"])
    locale, _ = Locale.objects.get_or_create(language_code=language)
    if page.has_translation(locale):
        raise TranslationExists
    editor = editor_of(context)
    above = [each for each in page.get_ancestors().filter(depth__gt=1).specific() if not each.has_translation(locale)]
    if above and not with_parents:
        raise ParentNotTranslated(f"{above[-1].title!r}, above this page, is not in {language!r}.")
    for each in above:
        _copy(each, locale, editor)
    return int(_copy(page.specific, locale, editor).pk)


def _copy(page: Any, locale: Locale, editor: Any) -> Any:
    # Not Wagtail's copies of parents: those are aliases, live where the original is.
    action = CopyPageForTranslationAction(page, locale, user=editor)
    return action.execute(skip_permission_checks=True)
