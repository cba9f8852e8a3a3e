"""The Django application with our models."""

from django.apps import AppConfig

__all__ = ["CmsConfig"]


class CmsConfig(AppConfig):
    """Tables of the name `cms_...`."""

    name = "subgraphs.content.cms"
    label = "cms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Has published pages told."""
        from subgraphs.content.cms import telling  # noqa: PLC0415 - models are not there before

        telling.connect()
