"""Wagtail's admin, below `/cms/`. Frontends show the pages: there are no others."""

from django.urls import include, path
from wagtail import urls as page_urls
from wagtail.admin import urls as admin_urls
from wagtail.documents import urls as document_urls

from subgraphs.content.cms import views

__all__ = ["urlpatterns"]

urlpatterns = [
    path("cms/files/<path:name>", views.file),
    path("cms/documents/", include(document_urls)),
    # Where "view live" leads: the plain preview of a page that is live.
    path("cms/view/", include(page_urls)),
    path("cms/", include(admin_urls)),
]
