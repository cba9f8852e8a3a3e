"""The tables that are ours, beside Wagtail's: kinds of pages, authors, menus, and who edits.

`tenant_id` is no field here: the database fills it in, see `tenancy`.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from modelcluster.contrib.taggit import ClusterTaggableManager
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from modelcluster.models import ClusterableModel
from taggit.models import TaggedItemBase
from wagtail.admin.panels import FieldPanel, InlinePanel
from wagtail.contrib.forms.models import AbstractForm, AbstractFormField, AbstractFormSubmission
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Orderable, Page
from wagtail.search import index
from wagtail.snippets.models import register_snippet

from subgraphs.content.cms.blocks import RICH_TEXT_FEATURES, BodyBlock

__all__ = [
    "ArticleIndexPage",
    "ArticlePage",
    "Author",
    "Editor",
    "FormEntry",
    "FormField",
    "FormPage",
    "Frontend",
    "HomePage",
    "Menu",
    "MenuItem",
    "StandardPage",
    "languages",
]


_PREVIEW = "cms/page.html"


def languages() -> list[tuple[str, str]]:
    """Those that a site can be in, as choices."""
    return list(settings.LANGUAGES)


class Editor(AbstractUser):
    """A user of one tenant, as the signed context names them. They have no password: only that context signs them in.

    The name is the user's id; unique in the tenant.
    """


class BodyPage(Page):
    """What all our pages share. They are shown by frontends; here there is a plain preview only."""

    intro = models.TextField(max_length=1000, blank=True)
    image = models.ForeignKey("wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    body = StreamField(BodyBlock(), blank=True)

    content_panels = [*Page.content_panels, FieldPanel("intro"), FieldPanel("image"), FieldPanel("body")]
    search_fields = [*Page.search_fields, index.SearchField("intro"), index.SearchField("body")]

    class Meta:
        """Each kind has a table of its own."""

        abstract = True

    def get_template(self, *_: Any, **__: Any) -> str:
        """Of the plain page."""
        return _PREVIEW

    def get_preview_template(self, *_: Any) -> str:
        """The same."""
        return _PREVIEW


class HomePage(BodyPage):
    """Where a site, or its translation, begins."""

    parent_page_types = ["wagtailcore.Page"]


class StandardPage(BodyPage):
    """A page of no particular kind."""

    parent_page_types = ["cms.HomePage", "cms.StandardPage"]


class ArticleIndexPage(BodyPage):
    """A list of articles: a blog, news."""

    parent_page_types = ["cms.HomePage", "cms.StandardPage"]
    subpage_types = ["cms.ArticlePage"]


@register_snippet
class Author(models.Model):
    """Who writes articles."""

    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=100)
    bio = models.TextField(max_length=2000, blank=True)
    image = models.ForeignKey("wagtailimages.Image", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    panels = [FieldPanel("name"), FieldPanel("slug"), FieldPanel("bio"), FieldPanel("image")]

    class Meta:
        """By name."""

        ordering = ["name", "id"]

    def __str__(self) -> str:
        return str(self.name)


class ArticleTag(TaggedItemBase):
    """A tag of an article."""

    content_object = ParentalKey("cms.ArticlePage", related_name="tagged_items", on_delete=models.CASCADE)


class ArticlePage(BodyPage):
    """An article with its authors and tags."""

    date = models.DateField()
    authors = ParentalManyToManyField("cms.Author", blank=True)
    tags = ClusterTaggableManager(through=ArticleTag, blank=True)

    parent_page_types = ["cms.ArticleIndexPage"]
    subpage_types: list[str] = []
    content_panels = [
        *Page.content_panels,
        FieldPanel("date"),
        FieldPanel("authors"),
        FieldPanel("tags"),
        FieldPanel("intro"),
        FieldPanel("image"),
        FieldPanel("body"),
    ]
    search_fields = [*BodyPage.search_fields, index.FilterField("date")]


class FormField(AbstractFormField):
    """A question of a form."""

    page = ParentalKey("cms.FormPage", on_delete=models.CASCADE, related_name="form_fields")


class FormEntry(AbstractFormSubmission):
    """What a visitor has sent. The answers are in `form_data`, as Wagtail keeps them.

    `key` is the sender's: what is sent twice under it is kept once (unique with tenant and page).
    """

    submission_id = models.UUIDField()
    key = models.CharField(max_length=100)
    path = models.CharField(max_length=2000, null=True)
    locale = models.CharField(max_length=35, null=True)
    consent = models.BooleanField()

    class Meta:
        """A key is one form's."""

        constraints = [models.UniqueConstraint(fields=["page", "key"], name="uq_cms_formentry_page_key")]


class FormPage(AbstractForm):
    """A form, which frontends show and send through the API."""

    intro = models.TextField(max_length=1000, blank=True)
    thanks = RichTextField(features=RICH_TEXT_FEATURES, blank=True)

    parent_page_types = ["cms.HomePage", "cms.StandardPage"]
    subpage_types: list[str] = []
    content_panels = [
        *AbstractForm.content_panels,
        FieldPanel("intro"),
        InlinePanel("form_fields", label="Questions"),
        FieldPanel("thanks"),
    ]
    search_fields = [*Page.search_fields, index.SearchField("intro")]

    def get_submission_class(self) -> type[FormEntry]:
        """Ours, with the sender's key."""
        return FormEntry

    def get_template(self, *_: Any, **__: Any) -> str:
        """Of the plain page."""
        return _PREVIEW

    def get_preview_template(self, *_: Any) -> str:
        """The same."""
        return _PREVIEW

    def get_context(self, request: HttpRequest, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """With what is asked; nothing is sent from there."""
        return {**super().get_context(request, *args, **kwargs), "questions": self.get_form_fields()}


class Frontend(models.Model):
    """Where a tenant's pages are shown. There is one, `main`."""

    name = models.SlugField(max_length=100)
    preview_url = models.CharField(max_length=1000)

    class Meta:
        """A tenant has one of each name."""

        constraints = [models.UniqueConstraint(fields=["name"], name="uq_cms_frontend_name")]


@register_snippet
class Menu(ClusterableModel):
    """A list of links that frontends ask for by its slug.

    A menu without a language is for those that have none of their own.
    """

    slug = models.SlugField(max_length=100)
    title = models.CharField(max_length=200)
    language = models.CharField(max_length=35, blank=True, default="", choices=languages)

    panels = [FieldPanel("slug"), FieldPanel("title"), FieldPanel("language"), InlinePanel("items", label="Links")]

    class Meta:
        """A tenant has one of each slug in each language."""

        ordering = ["slug", "language"]
        constraints = [models.UniqueConstraint(fields=["slug", "language"], name="uq_cms_menu_slug_language")]

    def __str__(self) -> str:
        return str(self.title)


class MenuItem(Orderable):
    """A link of a menu: to a page, or to an address."""

    menu = ParentalKey("cms.Menu", related_name="items", on_delete=models.CASCADE)
    label = models.CharField(max_length=100)
    page = models.ForeignKey("wagtailcore.Page", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    url = models.CharField(max_length=1000, blank=True)

    panels = [FieldPanel("label"), FieldPanel("page"), FieldPanel("url")]

    def clean(self) -> None:
        """It leads somewhere, and to one place."""
        super().clean()
        if (self.page_id is None) == (not self.url):
            raise ValidationError("A link leads to a page or to an address.")
        if self.url and not self.url.startswith(("https://", "http://", "/", "mailto:", "tel:")):
            raise ValidationError({"url": "An address begins with https://, http://, /, mailto: or tel:."})
