"""Writes what tables Django's models make, for `subgraphs.content.tables`, which must not import Django."""

from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import connection

from subgraphs.content.cms.tenancy import SHARED

__all__ = ["Command", "described"]

FILE: Final = Path(__file__).parents[3] / "django_tables.txt"
_SHORT: Final = {"timestamp with time zone": "timestamptz"}


def described() -> str:
    """A line per table: its columns with their types, `?` after those that may be null."""
    lines = []
    for model in sorted(apps.get_models(include_auto_created=True), key=lambda model: model._meta.db_table):
        table = model._meta.db_table
        if table in SHARED:
            continue
        columns = [
            f"{field.column} {_type(field)}{'?' if field.null else ''}" for field in model._meta.local_concrete_fields
        ]
        lines.append(f"{table}: {', '.join([*columns, 'tenant_id uuid'])}")
    return "\n".join(lines) + "\n"


def _type(field: Any) -> str:
    kind = str(field.db_type(connection)).partition("(")[0]
    return _SHORT.get(kind, kind)


class Command(BaseCommand):
    """`describe_tables`."""

    help = "Write the tables that the models make"

    def handle(self, *_: Any, **__: Any) -> None:
        """Writes the file."""
        FILE.write_text(described())
