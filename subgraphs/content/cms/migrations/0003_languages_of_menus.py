"""Menus have a language, and tenants a frontend.

What is unique has the tenant in it already: made for everybody first, it would be refused where two tenants have a menu
of one slug.
"""

from django.db import migrations, models

import subgraphs.content.cms.models


class Migration(migrations.Migration):
    """As `makemigrations` wrote it, but for the menus' constraints."""

    dependencies = [("cms", "0002_pages")]
    operations = [
        migrations.CreateModel(
            name="Frontend",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=100)),
                ("preview_url", models.CharField(max_length=1000)),
            ],
        ),
        migrations.AddConstraint(
            model_name="frontend",
            constraint=models.UniqueConstraint(fields=("name",), name="uq_cms_frontend_name"),
        ),
        migrations.AlterModelOptions(name="menu", options={"ordering": ["slug", "language"]}),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.RemoveConstraint(model_name="menu", name="uq_cms_menu_slug")],
            database_operations=[
                migrations.RunSQL(
                    [
                        "alter table content.cms_menu drop constraint if exists uq_cms_menu_slug",
                        "drop index if exists content.uq_cms_menu_slug",
                    ]
                )
            ],
        ),
        migrations.AddField(
            model_name="menu",
            name="language",
            field=models.CharField(
                blank=True, choices=subgraphs.content.cms.models.languages, default="", max_length=35
            ),
        ),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddConstraint(
                    model_name="menu",
                    constraint=models.UniqueConstraint(fields=("slug", "language"), name="uq_cms_menu_slug_language"),
                )
            ],
            database_operations=[
                migrations.RunSQL(
                    "create unique index uq_cms_menu_slug_language on content.cms_menu (tenant_id, slug, language)"
                )
            ],
        ),
    ]
