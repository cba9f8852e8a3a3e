"""Editors in Wagtail, from the caller's context: which scope makes which group, and what a group may do."""

from collections.abc import Iterator
from typing import Any, Final

from django.contrib.auth.models import Group, Permission
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Page

from resolvers.context import RequestContext
from subgraphs.content.cms.models import Editor

__all__ = ["editor_of", "make_groups", "may_edit"]

GROUPS: Final = {"content:write": "Editors", "content:publish": "Publishers"}
"""By scope."""

_PAGES: Final = {
    "Editors": ("add_page", "change_page"),
    "Publishers": ("add_page", "change_page", "publish_page", "bulk_delete_page", "lock_page", "unlock_page"),
}
_FILES: Final = ("add", "change", "choose", "delete")
_OF_MODELS: Final = (("cms", "author"), ("cms", "menu"), ("wagtailredirects", "redirect"))


def may_edit(context: RequestContext) -> bool:
    """Whether the admin is open to the caller."""
    return "content:write" in context.scopes


def editor_of(context: RequestContext) -> Editor:
    """The user of the transaction's tenant, made at their first visit, in the groups of their scopes."""
    editor, is_new = Editor.objects.get_or_create(
        username=str(context.user_id), defaults={"last_name": f"User {str(context.user_id)[:8]}", "is_staff": True}
    )
    if is_new:
        editor.set_unusable_password()
        editor.save(update_fields=["password"])
    wanted = {GROUPS[scope] for scope in context.scopes if scope in GROUPS}
    if set(editor.groups.values_list("name", flat=True)) != wanted:
        editor.groups.set(Group.objects.filter(name__in=wanted))
    return editor


def make_groups(root: Page, files: Collection) -> None:
    """The tenant's groups, with what they may do in its tree."""
    for name, codenames in _PAGES.items():
        group = Group.objects.create(name=name)
        group.permissions.set(_permissions(with_redirects=name == "Publishers"))
        pages = Permission.objects.filter(content_type__app_label="wagtailcore", codename__in=codenames)
        GroupPagePermission.objects.bulk_create(
            GroupPagePermission(group=group, page=root, permission=permission) for permission in pages
        )
        for app, model in (("wagtailimages", "image"), ("wagtaildocs", "document")):
            of_files = Permission.objects.filter(
                content_type__app_label=app, codename__in=[f"{verb}_{model}" for verb in _FILES]
            )
            GroupCollectionPermission.objects.bulk_create(
                GroupCollectionPermission(group=group, collection=files, permission=permission)
                for permission in of_files
            )


def _permissions(*, with_redirects: bool) -> Iterator[Any]:
    yield from Permission.objects.filter(content_type__app_label="wagtailadmin", codename="access_admin")
    for app, model in _OF_MODELS:
        if app == "cms" or with_redirects:
            yield from Permission.objects.filter(content_type__app_label=app, content_type__model=model)
