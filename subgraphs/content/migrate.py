"""Brings Django's tables up to date, after those of the kit. Nothing of Django is imported where nothing is due."""

import asyncio
import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from resolvers.settings import Settings
from subgraphs.content.cms.setup import start

__all__ = ["migrate"]

# Packages whose migrations make our tables.
_PACKAGES: Final = ("django", "wagtail", "django-taggit", "modelsearch", "django-treebeard", "django-modelcluster")
_LOCK: Final = 7_302_115_890_115
_NOTED: Final = text("select obj_description(to_regnamespace('content'), 'pg_namespace')")


async def migrate(settings: Settings) -> None:
    """Runs Django's migrations and puts what they made under row-level security. Safe to run twice and at once.

    Raises:
        sqlalchemy.exc.SQLAlchemyError, django.db.Error: the database refused.
    """
    wanted = f"tables of {_fingerprint()}"
    engine = create_async_engine(settings.admin_url(), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
            await connection.commit()
            try:
                if await connection.scalar(_NOTED) == wanted:
                    return
                await connection.commit()
                await asyncio.to_thread(_migrate, settings)
                await connection.exec_driver_sql(f"comment on schema content is '{wanted}'")
                await connection.commit()
            finally:
                await connection.rollback()
                await connection.execute(text("select pg_advisory_unlock(:key)"), {"key": _LOCK})
                await connection.commit()
    finally:
        await engine.dispose()


def _migrate(settings: Settings) -> None:
    start(settings)
    from subgraphs.content.cms.acting import as_owner  # noqa: PLC0415 - Django is there from here on

    as_owner(_migrate_as_owner)


def _migrate_as_owner() -> None:
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection, transaction  # noqa: PLC0415

    from subgraphs.content.cms.tenancy import statements  # noqa: PLC0415

    if "django_migrations" not in connection.introspection.table_names():
        _make_all()
    else:
        call_command("migrate", interactive=False, verbosity=0)
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements():
            cursor.execute(statement)


def _make_all() -> None:
    """Makes the tables as the models are now, and notes all migrations as done: they are some 300, and take long.

    What migrations write besides is data for a site of everybody, which there is not here.
    """
    from django.apps import apps  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection, transaction  # noqa: PLC0415
    from django.db.migrations.loader import MigrationLoader  # noqa: PLC0415
    from django.db.migrations.recorder import MigrationRecorder  # noqa: PLC0415
    from django.test.utils import override_settings  # noqa: PLC0415

    with transaction.atomic():
        without = {config.label: None for config in apps.get_app_configs()}
        with override_settings(MIGRATION_MODULES=without):
            call_command("migrate", interactive=False, verbosity=0, run_syncdb=True)
        recorder = MigrationRecorder(connection)
        recorder.ensure_schema()
        known = MigrationLoader(connection).disk_migrations  # with those that others replace
        recorder.migration_qs.bulk_create(recorder.Migration(app=app, name=name) for app, name in sorted(known))


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for package in _PACKAGES:
        digest.update(f"{package} {version(package)}\n".encode())
    folder = Path(__file__).parent / "cms"
    for path in (folder / "tenancy.py", *sorted((folder / "migrations").glob("*.py"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
