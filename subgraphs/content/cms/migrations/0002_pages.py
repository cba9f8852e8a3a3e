"""Kinds of pages, authors, menus."""

import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
import modelcluster.contrib.taggit
import modelcluster.fields
import wagtail.contrib.forms.models
import wagtail.fields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("cms", "0001_editors"),
        ("taggit", "0006_rename_taggeditem_content_type_object_id_taggit_tagg_content_8fc721_idx"),
        ("wagtailcore", "0098_apitoken"),
        ("wagtailimages", "0027_image_description"),
        migrations.swappable_dependency(settings.WAGTAIL_PAGE_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FormPage",
            fields=[
                (
                    "page_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to=settings.WAGTAIL_PAGE_MODEL,
                    ),
                ),
                ("intro", models.TextField(blank=True, max_length=1000)),
                ("thanks", wagtail.fields.RichTextField(blank=True)),
            ],
            options={
                "abstract": False,
            },
            bases=(wagtail.contrib.forms.models.FormMixin, "wagtailcore.page"),
        ),
        migrations.CreateModel(
            name="ArticleIndexPage",
            fields=[
                (
                    "page_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to=settings.WAGTAIL_PAGE_MODEL,
                    ),
                ),
                ("intro", models.TextField(blank=True, max_length=1000)),
                (
                    "body",
                    wagtail.fields.StreamField(
                        [
                            ("heading", 2),
                            ("rich_text", 3),
                            ("image", 7),
                            ("quote", 10),
                            ("call_to_action", 15),
                            ("embed", 17),
                            ("products", 20),
                            ("form", 22),
                        ],
                        blank=True,
                        block_lookup={
                            0: ("wagtail.blocks.CharBlock", (), {"max_length": 200}),
                            1: ("wagtail.blocks.ChoiceBlock", [], {"choices": [("2", "2"), ("3", "3"), ("4", "4")]}),
                            2: ("wagtail.blocks.StructBlock", [[("text", 0), ("level", 1)]], {"icon": "title"}),
                            3: (
                                "wagtail.blocks.RichTextBlock",
                                (),
                                {
                                    "features": [
                                        "h2",
                                        "h3",
                                        "h4",
                                        "bold",
                                        "italic",
                                        "ol",
                                        "ul",
                                        "hr",
                                        "link",
                                        "document-link",
                                        "blockquote",
                                    ],
                                    "validators": (django.core.validators.MaxLengthValidator(50000),),
                                },
                            ),
                            4: ("wagtail.images.blocks.ImageChooserBlock", (), {}),
                            5: (
                                "wagtail.blocks.CharBlock",
                                (),
                                {
                                    "help_text": "What is to be seen; empty for decoration.",
                                    "max_length": 200,
                                    "required": False,
                                },
                            ),
                            6: ("wagtail.blocks.CharBlock", (), {"max_length": 500, "required": False}),
                            7: (
                                "wagtail.blocks.StructBlock",
                                [[("image", 4), ("alt", 5), ("caption", 6)]],
                                {"icon": "image"},
                            ),
                            8: ("wagtail.blocks.TextBlock", (), {"max_length": 2000}),
                            9: ("wagtail.blocks.CharBlock", (), {"max_length": 200, "required": False}),
                            10: (
                                "wagtail.blocks.StructBlock",
                                [[("text", 8), ("attribution", 9)]],
                                {"icon": "openquote"},
                            ),
                            11: ("wagtail.blocks.TextBlock", (), {"max_length": 2000, "required": False}),
                            12: ("wagtail.blocks.CharBlock", (), {"max_length": 80}),
                            13: ("wagtail.blocks.PageChooserBlock", (), {"required": False}),
                            14: ("wagtail.blocks.URLBlock", (), {"max_length": 1000, "required": False}),
                            15: (
                                "wagtail.blocks.StructBlock",
                                [[("title", 0), ("text", 11), ("label", 12), ("page", 13), ("url", 14)]],
                                {"icon": "pick"},
                            ),
                            16: (
                                "wagtail.blocks.URLBlock",
                                (),
                                {
                                    "max_length": 1000,
                                    "validators": (
                                        django.core.validators.RegexValidator("^https://", "Only https addresses."),
                                    ),
                                },
                            ),
                            17: ("wagtail.blocks.StructBlock", [[("url", 16), ("title", 9)]], {"icon": "media"}),
                            18: (
                                "wagtail.blocks.CharBlock",
                                (),
                                {
                                    "max_length": 200,
                                    "validators": (
                                        django.core.validators.RegexValidator(
                                            "^[A-Za-z0-9_\\-+/=:]{1,200}$", "The id of a product, as the shop gives it."
                                        ),
                                    ),
                                },
                            ),
                            19: ("wagtail.blocks.ListBlock", (18,), {"max_num": 24, "min_num": 1}),
                            20: ("wagtail.blocks.StructBlock", [[("title", 9), ("products", 19)]], {"icon": "tag"}),
                            21: ("wagtail.blocks.PageChooserBlock", (), {"page_type": ["cms.FormPage"]}),
                            22: ("wagtail.blocks.StructBlock", [[("form", 21)]], {"icon": "form"}),
                        },
                    ),
                ),
                (
                    "image",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="wagtailimages.image",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
            bases=("wagtailcore.page",),
        ),
        migrations.CreateModel(
            name="ArticlePage",
            fields=[
                (
                    "page_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to=settings.WAGTAIL_PAGE_MODEL,
                    ),
                ),
                ("intro", models.TextField(blank=True, max_length=1000)),
                (
                    "body",
                    wagtail.fields.StreamField(
                        [
                            ("heading", 2),
                            ("rich_text", 3),
                            ("image", 7),
                            ("quote", 10),
                            ("call_to_action", 15),
                            ("embed", 17),
                            ("products", 20),
                            ("form", 22),
                        ],
                        blank=True,
                        block_lookup={
                            0: ("wagtail.blocks.CharBlock", (), {"max_length": 200}),
                            1: ("wagtail.blocks.ChoiceBlock", [], {"choices": [("2", "2"), ("3", "3"), ("4", "4")]}),
                            2: ("wagtail.blocks.StructBlock", [[("text", 0), ("level", 1)]], {"icon": "title"}),
                            3: (
                                "wagtail.blocks.RichTextBlock",
                                (),
                                {
                                    "features": [
                                        "h2",
                                        "h3",
                                        "h4",
                                        "bold",
                                        "italic",
                                        "ol",
                                        "ul",
                                        "hr",
                                        "link",
                                        "document-link",
                                        "blockquote",
                                    ],
                                    "validators": (django.core.validators.MaxLengthValidator(50000),),
                                },
                            ),
                            4: ("wagtail.images.blocks.ImageChooserBlock", (), {}),
                            5: (
                                "wagtail.blocks.CharBlock",
                                (),
                                {
                                    "help_text": "What is to be seen; empty for decoration.",
                                    "max_length": 200,
                                    "required": False,
                                },
                            ),
                            6: ("wagtail.blocks.CharBlock", (), {"max_length": 500, "required": False}),
                            7: (
                                "wagtail.blocks.StructBlock",
                                [[("image", 4), ("alt", 5), ("caption", 6)]],
                                {"icon": "image"},
                            ),
                            8: ("wagtail.blocks.TextBlock", (), {"max_length": 2000}),
                            9: ("wagtail.blocks.CharBlock", (), {"max_length": 200, "required": False}),
                            10: (
                                "wagtail.blocks.StructBlock",
                                [[("text", 8), ("attribution", 9)]],
                                {"icon": "openquote"},
                            ),
                            11: ("wagtail.blocks.TextBlock", (), {"max_length": 2000, "required": False}),
                            12: ("wagtail.blocks.CharBlock", (), {"max_length": 80}),
                            13: ("wagtail.blocks.PageChooserBlock", (), {"required": False}),
                            14: ("wagtail.blocks.URLBlock", (), {"max_length": 1000, "required": False}),
                            15: (
                                "wagtail.blocks.StructBlock",
                                [[("title", 0), ("text", 11), ("label", 12), ("page", 13), ("url", 14)]],
                                {"icon": "pick"},
                            ),
                            16: (
                                "wagtail.blocks.URLBlock",
                                (),
                                {
                                    "max_length": 1000,
                                    "validators": (
                                        django.core.validators.RegexValidator("^https://", "Only https addresses."),
                                    ),
                                },
                            ),
                            17: ("wagtail.blocks.StructBlock", [[("url", 16), ("title", 9)]], {"icon": "media"}),
                            18: (
                                "wagtail.blocks.CharBlock",
                                (),
                                {
                                    "max_length": 200,
                                    "validators": (
                                        django.core.validators.RegexValidator(
                                            "^[A-Za-z0-9_\\-+/=:]{1,200}$", "The id of a product, as the shop gives it."
                                        ),
                                    ),
                                },
                            ),
                            19: ("wagtail.blocks.ListBlock", (18,), {"max_num": 24, "min_num": 1}),
                            20: ("wagtail.blocks.StructBlock", [[("title", 9), ("products", 19)]], {"icon": "tag"}),
                            21: ("wagtail.blocks.PageChooserBlock", (), {"page_type": ["cms.FormPage"]}),
                            22: ("wagtail.blocks.StructBlock", [[("form", 21)]], {"icon": "form"}),
                        },
                    ),
                ),
                ("date", models.DateField()),
                (
                    "image",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="wagtailimages.image",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
            bases=("wagtailcore.page",),
        ),
        migrations.CreateModel(
            name="ArticleTag",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "content_object",
                    modelcluster.fields.ParentalKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tagged_items", to="cms.articlepage"
                    ),
                ),
                (
                    "tag",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(app_label)s_%(class)s_items",
                        to="taggit.tag",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="articlepage",
            name="tags",
            field=modelcluster.contrib.taggit.ClusterTaggableManager(
                blank=True,
                help_text="A comma-separated list of tags.",
                through="cms.ArticleTag",
                to="taggit.Tag",
                verbose_name="Tags",
            ),
        ),
        migrations.CreateModel(
            name="Author",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("slug", models.SlugField(max_length=100)),
                ("bio", models.TextField(blank=True, max_length=2000)),
                (
                    "image",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="wagtailimages.image",
                    ),
                ),
            ],
            options={
                "ordering": ["name", "id"],
            },
        ),
        migrations.AddField(
            model_name="articlepage",
            name="authors",
            field=modelcluster.fields.ParentalManyToManyField(blank=True, to="cms.author"),
        ),
        migrations.CreateModel(
            name="FormField",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sort_order", models.IntegerField(blank=True, editable=False, null=True)),
                (
                    "clean_name",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Safe name of the form field, the label converted to ascii_snake_case",
                        max_length=255,
                        verbose_name="name",
                    ),
                ),
                (
                    "label",
                    models.CharField(help_text="The label of the form field", max_length=255, verbose_name="label"),
                ),
                (
                    "field_type",
                    models.CharField(
                        choices=[
                            ("singleline", "Single line text"),
                            ("multiline", "Multi-line text"),
                            ("email", "Email"),
                            ("number", "Number"),
                            ("url", "URL"),
                            ("checkbox", "Checkbox"),
                            ("checkboxes", "Checkboxes"),
                            ("dropdown", "Drop down"),
                            ("multiselect", "Multiple select"),
                            ("radio", "Radio buttons"),
                            ("date", "Date"),
                            ("datetime", "Date/time"),
                            ("hidden", "Hidden field"),
                        ],
                        max_length=16,
                        verbose_name="field type",
                    ),
                ),
                ("required", models.BooleanField(default=True, verbose_name="required")),
                (
                    "choices",
                    models.TextField(
                        blank=True,
                        help_text="Comma or new line separated list of choices. Only applicable in checkboxes, radio and dropdown.",
                        verbose_name="choices",
                    ),
                ),
                (
                    "default_value",
                    models.TextField(
                        blank=True,
                        help_text="Default value. Comma or new line separated values supported for checkboxes.",
                        verbose_name="default value",
                    ),
                ),
                ("help_text", models.CharField(blank=True, max_length=255, verbose_name="help text")),
                (
                    "page",
                    modelcluster.fields.ParentalKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="form_fields", to="cms.formpage"
                    ),
                ),
            ],
            options={
                "ordering": ["sort_order"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="HomePage",
            fields=[
                (
                    "page_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to=settings.WAGTAIL_PAGE_MODEL,
                    ),
                ),
                ("intro", models.TextField(blank=True, max_length=1000)),
                (
                    "body",
                    wagtail.fields.StreamField(
                        [
                            ("heading", 2),
                            ("rich_text", 3),
                            ("image", 7),
                            ("quote", 10),
                            ("call_to_action", 15),
                            ("embed", 17),
                            ("products", 20),
                            ("form", 22),
                        ],
                        blank=True,
                        block_lookup={
                            0: ("wagtail.blocks.CharBlock", (), {"max_length": 200}),
                            1: ("wagtail.blocks.ChoiceBlock", [], {"choices": [("2", "2"), ("3", "3"), ("4", "4")]}),
                            2: ("wagtail.blocks.StructBlock", [[("text", 0), ("level", 1)]], {"icon": "title"}),
                            3: (
                                "wagtail.blocks.RichTextBlock",
                                (),
                                {
                                    "features": [
                                        "h2",
                                        "h3",
                                        "h4",
                                        "bold",
                                        "italic",
                                        "ol",
                                        "ul",
                                        "hr",
                                        "link",
                                        "document-link",
                                        "blockquote",
                                    ],
                                    "validators": (django.core.validators.MaxLengthValidator(50000),),
                                },
                            ),
                            4: ("wagtail.images.blocks.ImageChooserBlock", (), {}),
                            5: (
                                "wagtail.blocks.CharBlock",
                                (),
                                {
                                    "help_text": "What is to be seen; empty for decoration.",
                                    "max_length": 200,
                                    "required": False,
                                },
                            ),
                            6: ("wagtail.blocks.CharBlock", (), {"max_length": 500, "required": False}),
                            7: (
                                "wagtail.blocks.StructBlock",
                                [[("image", 4), ("alt", 5), ("caption", 6)]],
                                {"icon": "image"},
                            ),
                            8: ("wagtail.blocks.TextBlock", (), {"max_length": 2000}),
                            9: ("wagtail.blocks.CharBlock", (), {"max_length": 200, "required": False}),
                            10: (
                                "wagtail.blocks.StructBlock",
                                [[("text", 8), ("attribution", 9)]],
                                {"icon": "openquote"},
                            ),
                            11: ("wagtail.blocks.TextBlock", (), {"max_length": 2000, "required": False}),
                            12: ("wagtail.blocks.CharBlock", (), {"max_length": 80}),
                            13: ("wagtail.blocks.PageChooserBlock", (), {"required": False}),
                            14: ("wagtail.blocks.URLBlock", (), {"max_length": 1000, "required": False}),
                            15: (
                                "wagtail.blocks.StructBlock",
                                [[("title", 0), ("text", 11), ("label", 12), ("page", 13), ("url", 14)]],
                                {"icon": "pick"},
                            ),
                            16: (
                                "wagtail.blocks.URLBlock",
                                (),
                                {
                                    "max_length": 1000,
                                    "validators": (
                                        django.core.validators.RegexValidator("^https://", "Only https addresses."),
                                    ),
                                },
                            ),
                            17: ("wagtail.blocks.StructBlock", [[("url", 16), ("title", 9)]], {"icon": "media"}),
                            18: (
                                "wagtail.blocks.CharBlock",
                                (),
                                {
                                    "max_length": 200,
                                    "validators": (
                                        django.core.validators.RegexValidator(
                                            "^[A-Za-z0-9_\\-+/=:]{1,200}$", "The id of a product, as the shop gives it."
                                        ),
                                    ),
                                },
                            ),
                            19: ("wagtail.blocks.ListBlock", (18,), {"max_num": 24, "min_num": 1}),
                            20: ("wagtail.blocks.StructBlock", [[("title", 9), ("products", 19)]], {"icon": "tag"}),
                            21: ("wagtail.blocks.PageChooserBlock", (), {"page_type": ["cms.FormPage"]}),
                            22: ("wagtail.blocks.StructBlock", [[("form", 21)]], {"icon": "form"}),
                        },
                    ),
                ),
                (
                    "image",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="wagtailimages.image",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
            bases=("wagtailcore.page",),
        ),
        migrations.CreateModel(
            name="Menu",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=100)),
                ("title", models.CharField(max_length=200)),
            ],
            options={
                "ordering": ["slug"],
                "constraints": [models.UniqueConstraint(fields=("slug",), name="uq_cms_menu_slug")],
            },
        ),
        migrations.CreateModel(
            name="MenuItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sort_order", models.IntegerField(blank=True, editable=False, null=True)),
                ("label", models.CharField(max_length=100)),
                ("url", models.CharField(blank=True, max_length=1000)),
                (
                    "menu",
                    modelcluster.fields.ParentalKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="items", to="cms.menu"
                    ),
                ),
                (
                    "page",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.WAGTAIL_PAGE_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["sort_order"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="StandardPage",
            fields=[
                (
                    "page_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to=settings.WAGTAIL_PAGE_MODEL,
                    ),
                ),
                ("intro", models.TextField(blank=True, max_length=1000)),
                (
                    "body",
                    wagtail.fields.StreamField(
                        [
                            ("heading", 2),
                            ("rich_text", 3),
                            ("image", 7),
                            ("quote", 10),
                            ("call_to_action", 15),
                            ("embed", 17),
                            ("products", 20),
                            ("form", 22),
                        ],
                        blank=True,
                        block_lookup={
                            0: ("wagtail.blocks.CharBlock", (), {"max_length": 200}),
                            1: ("wagtail.blocks.ChoiceBlock", [], {"choices": [("2", "2"), ("3", "3"), ("4", "4")]}),
                            2: ("wagtail.blocks.StructBlock", [[("text", 0), ("level", 1)]], {"icon": "title"}),
                            3: (
                                "wagtail.blocks.RichTextBlock",
                                (),
                                {
                                    "features": [
                                        "h2",
                                        "h3",
                                        "h4",
                                        "bold",
                                        "italic",
                                        "ol",
                                        "ul",
                                        "hr",
                                        "link",
                                        "document-link",
                                        "blockquote",
                                    ],
                                    "validators": (django.core.validators.MaxLengthValidator(50000),),
                                },
                            ),
                            4: ("wagtail.images.blocks.ImageChooserBlock", (), {}),
                            5: (
                                "wagtail.blocks.CharBlock",
                                (),
                                {
                                    "help_text": "What is to be seen; empty for decoration.",
                                    "max_length": 200,
                                    "required": False,
                                },
                            ),
                            6: ("wagtail.blocks.CharBlock", (), {"max_length": 500, "required": False}),
                            7: (
                                "wagtail.blocks.StructBlock",
                                [[("image", 4), ("alt", 5), ("caption", 6)]],
                                {"icon": "image"},
                            ),
                            8: ("wagtail.blocks.TextBlock", (), {"max_length": 2000}),
                            9: ("wagtail.blocks.CharBlock", (), {"max_length": 200, "required": False}),
                            10: (
                                "wagtail.blocks.StructBlock",
                                [[("text", 8), ("attribution", 9)]],
                                {"icon": "openquote"},
                            ),
                            11: ("wagtail.blocks.TextBlock", (), {"max_length": 2000, "required": False}),
                            12: ("wagtail.blocks.CharBlock", (), {"max_length": 80}),
                            13: ("wagtail.blocks.PageChooserBlock", (), {"required": False}),
                            14: ("wagtail.blocks.URLBlock", (), {"max_length": 1000, "required": False}),
                            15: (
                                "wagtail.blocks.StructBlock",
                                [[("title", 0), ("text", 11), ("label", 12), ("page", 13), ("url", 14)]],
                                {"icon": "pick"},
                            ),
                            16: (
                                "wagtail.blocks.URLBlock",
                                (),
                                {
                                    "max_length": 1000,
                                    "validators": (
                                        django.core.validators.RegexValidator("^https://", "Only https addresses."),
                                    ),
                                },
                            ),
                            17: ("wagtail.blocks.StructBlock", [[("url", 16), ("title", 9)]], {"icon": "media"}),
                            18: (
                                "wagtail.blocks.CharBlock",
                                (),
                                {
                                    "max_length": 200,
                                    "validators": (
                                        django.core.validators.RegexValidator(
                                            "^[A-Za-z0-9_\\-+/=:]{1,200}$", "The id of a product, as the shop gives it."
                                        ),
                                    ),
                                },
                            ),
                            19: ("wagtail.blocks.ListBlock", (18,), {"max_num": 24, "min_num": 1}),
                            20: ("wagtail.blocks.StructBlock", [[("title", 9), ("products", 19)]], {"icon": "tag"}),
                            21: ("wagtail.blocks.PageChooserBlock", (), {"page_type": ["cms.FormPage"]}),
                            22: ("wagtail.blocks.StructBlock", [[("form", 21)]], {"icon": "form"}),
                        },
                    ),
                ),
                (
                    "image",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="wagtailimages.image",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
            bases=("wagtailcore.page",),
        ),
        migrations.CreateModel(
            name="FormEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("form_data", models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("submit_time", models.DateTimeField(auto_now_add=True, verbose_name="submit time")),
                ("submission_id", models.UUIDField()),
                ("key", models.CharField(max_length=100)),
                ("path", models.CharField(max_length=2000, null=True)),
                ("locale", models.CharField(max_length=35, null=True)),
                ("consent", models.BooleanField()),
                (
                    "page",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.WAGTAIL_PAGE_MODEL),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("page", "key"), name="uq_cms_formentry_page_key")],
            },
        ),
    ]
