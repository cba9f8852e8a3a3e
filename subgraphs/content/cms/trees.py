"""What a tenant has from the beginning: a root of its pages and of its files, a home page, a site, and groups.

Wagtail knows one root for everybody. Here each tenant has one of its own, all with the same path: unique in the tenant,
and under row-level security there is no other.
"""

from typing import Any

from django.db import connection
from django.utils.translation import override
from wagtail.models import Collection, Locale, Page, Site

from subgraphs.content.cms import acting, editors
from subgraphs.content.cms.models import HomePage

__all__ = ["ensure", "home_of", "root"]


def ensure() -> None:
    """Makes what the transaction's tenant lacks: everything or nothing. Two at the same time make one."""
    if Page.objects.filter(depth=1).exists():
        return
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"content/tree/{acting.tenant()}"])
    if Page.objects.filter(depth=1).exists():
        return
    with override("en"):
        locale = Locale.objects.create(language_code="en")
        files = Collection.add_root(name="Root")
        top = Page.add_root(title="Root", slug="root", locale=locale)
        home = HomePage(title="Home", slug="home", locale=locale)
        top.add_child(instance=home)
        home.save_revision().publish()
        Site.objects.create(hostname="localhost", root_page=home, is_default_site=True, site_name="Site")
        editors.make_groups(top, files)


def root() -> Any:
    """The root of the tenant's pages."""
    return Page.get_first_root_node()


def home_of(language: str) -> Any | None:
    """The home page of a language, if there is one."""
    return HomePage.objects.filter(depth=2, locale__language_code=language).first()
