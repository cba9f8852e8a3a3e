"""Who edits: nobody but whom the signed context names, and in their tenant only."""

from collections.abc import Callable

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden

from resolvers.context import RequestContext
from subgraphs.content.cms import acting, editors, trees
from subgraphs.content.cms.asgi import CONTEXT

__all__ = ["Editors", "SignedContext"]

Answer = Callable[[HttpRequest], HttpResponse]


class SignedContext:
    """The whole request is one transaction of the caller's tenant. Without a context there is none: 403."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not hasattr(request, "scope") and acting.tenant_or_none() is not None:
            # Wagtail asks for a preview in the midst of a request that has come in here.
            return self._get_response(request)
        context: RequestContext | None = getattr(request, "scope", {}).get(CONTEXT)
        if context is None or context.tenant_id is None or context.user_id is None:
            return HttpResponseForbidden("Sign in first.", content_type="text/plain")
        if not editors.may_edit(context):
            return HttpResponseForbidden("The scope content:write is needed.", content_type="text/plain")
        with acting.for_tenant(context.tenant_id, request_id=context.request_id, timeout_s=context.remaining_s()):
            response = self._get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
            return response


class Editors:
    """`request.user` is the Wagtail user of the context's, with the groups that the scopes amount to."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.user = AnonymousUser()
        if not hasattr(request, "scope"):
            return self._get_response(request)
        trees.ensure()
        request.user = editors.editor_of(request.scope[CONTEXT])
        return self._get_response(request)
