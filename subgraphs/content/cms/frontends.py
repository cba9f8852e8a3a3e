"""Where a tenant's pages are shown. As in `editing`."""

from resolvers.context import RequestContext
from subgraphs.content.cms.models import Frontend

__all__ = ["set_preview_url"]


def set_preview_url(context: RequestContext, url: str) -> int:  # noqa: ARG001 - who may is decided before
    """Where previews of drafts lead; nowhere if empty. Answers how many frontends there are."""
    if not url:
        Frontend.objects.filter(name="main").delete()
        return 0
    Frontend.objects.update_or_create(name="main", defaults={"preview_url": url})
    return 1
