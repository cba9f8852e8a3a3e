"""Files of images and documents: a folder for each tenant."""

from pathlib import Path

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

from subgraphs.content.cms import acting

__all__ = ["TenantStorage"]


@deconstructible(path="subgraphs.content.cms.files.TenantStorage")
class TenantStorage(FileSystemStorage):
    """Files of the tenant of the transaction; outside of one there are none. Django refuses names that lead out."""

    @property
    def base_location(self) -> str:
        """The tenant's folder."""
        return str(Path(settings.MEDIA_ROOT) / str(acting.tenant()))

    @property
    def location(self) -> str:
        """The same, absolute."""
        return str(Path(self.base_location).absolute())

    @property
    def base_url(self) -> str:
        """Where editors fetch them."""
        return str(settings.MEDIA_URL)
