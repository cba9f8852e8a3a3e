"""The few pages of our own."""

from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest

__all__ = ["file"]


def file(_: HttpRequest, name: str) -> FileResponse:
    """A file of the editor's tenant."""
    try:
        return FileResponse(default_storage.open(name), headers={"X-Content-Type-Options": "nosniff"})
    except (OSError, SuspiciousFileOperation):
        raise Http404 from None
