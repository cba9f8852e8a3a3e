"""The sites of the demo tenants."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any, Final

from django.core.files.images import ImageFile
from PIL import Image as Pixels
from wagtail.contrib.redirects.models import Redirect
from wagtail.images.models import Image
from wagtail.models import Site
from wagtail.rich_text import RichText

from resolvers.demo import demo_tenant_id
from subgraphs.content.cms import acting, trees
from subgraphs.content.cms.models import (
    ArticleIndexPage,
    ArticlePage,
    Author,
    FormField,
    FormPage,
    HomePage,
    Menu,
    MenuItem,
    StandardPage,
)

__all__ = ["write"]

_MADE_AT: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
_COLOURS: Final = {"acme": (190, 60, 40), "globex": (30, 90, 160)}
_COMPANIES: Final = {"acme": "Acme", "globex": "Globex"}
_ARTICLES: Final = (
    ("Opening hours in spring", "spring-hours", ("news",), "ada"),
    ("How we choose our suppliers", "suppliers", ("guides", "quality"), "ben"),
    ("Five questions about returns", "returns", ("guides",), "ada"),
    ("A visit to the workshop", "workshop", ("news", "people"), "cleo"),
    ("What is new in the shop", "new-in-the-shop", ("news", "shop"), "ben"),
    ("Caring for what you bought", "care", ("guides", "quality"), "cleo"),
)
_QUESTIONS: Final = (
    ("name", "Your name", "singleline", True, ""),
    ("email", "Your e-mail address", "email", True, ""),
    ("phone", "Your telephone number", "singleline", False, ""),
    ("company", "Your company", "singleline", False, ""),
    ("topic", "What is it about?", "dropdown", True, "A product,An order,Something else"),
    ("message", "Your message", "multiline", True, ""),
)


def write(slug: str) -> None:
    """The tenant's site, if it has none."""
    with acting.for_tenant(demo_tenant_id(slug)):
        trees.ensure()
        home = HomePage.objects.get(depth=2)
        if home.get_children().exists():
            return
        _Site(slug, home).write()


class _Site:
    def __init__(self, slug: str, home: Any) -> None:
        self.slug, self.company, self.home = slug, _COMPANIES[slug], home

    def write(self) -> None:
        image = self.image()
        form = self.form()
        self.articles(image)
        about = StandardPage(
            title=f"About {self.company}",
            slug="about",
            intro=f"Who {self.company} is, and how we work.",
            image=image,
            body=[
                ("heading", {"text": "How it began", "level": "2"}),
                ("rich_text", RichText(f"<p>{self.company} began with <b>one</b> workshop and an idea.</p>")),
                ("quote", {"text": "We mend what others throw away.", "attribution": "The founder"}),
            ],
        )
        self.add(self.home, about, 1)
        draft = StandardPage(title="Jobs", slug="jobs", intro="Not ready yet.", live=False)
        self.home.add_child(instance=draft)
        draft.save_revision()
        self.home.intro = f"Welcome to {self.company}."
        self.home.image = image
        self.home.body = [
            ("heading", {"text": f"Welcome to {self.company}", "level": "2"}),
            ("rich_text", RichText(f'<p>Read <a linktype="page" id="{about.pk}">who we are</a>.</p>')),
            ("image", {"image": image, "alt": f"The colours of {self.company}", "caption": ""}),
            (
                "call_to_action",
                {
                    "title": "Questions?",
                    "text": "We answer within a day.",
                    "label": "Write to us",
                    "page": form,
                    "url": "",
                },
            ),
            ("products", {"title": "Our favourites", "products": ["UHJvZHVjdDox", "UHJvZHVjdDoy"]}),
            ("embed", {"url": "https://video.example/watch?v=welcome", "title": "A film about us"}),
            ("form", {"form": form}),
        ]
        self.publish(self.home, 9)
        self.menus(about, form)
        site = Site.objects.get(is_default_site=True)
        Redirect.objects.create(old_path="/who-we-are", site=site, redirect_page=about, is_permanent=True)

    def add(self, parent: Any, page: Any, day: int) -> Any:
        parent.add_child(instance=page)
        self.publish(page, day)
        return page

    def publish(self, page: Any, day: int) -> None:
        page.save_revision().publish()
        at = _MADE_AT + timedelta(days=day)
        type(page).objects.filter(pk=page.pk).update(first_published_at=at, last_published_at=at)

    def image(self) -> Any:
        data = BytesIO()
        Pixels.new("RGB", (1600, 900), _COLOURS[self.slug]).save(data, "PNG")
        file = ImageFile(data, name=f"{self.slug}.png")
        return Image.objects.create(
            title=f"{self.company}'s colours", description=f"The colours of {self.company}", file=file
        )

    def form(self) -> Any:
        form = FormPage(
            title="Contact", slug="contact", intro="Write to us.", thanks="<p>Thank you: we answer within a day.</p>"
        )
        form.form_fields = [
            FormField(
                sort_order=place, clean_name=name, label=label, field_type=kind, required=required, choices=choices
            )
            for place, (name, label, kind, required, choices) in enumerate(_QUESTIONS)
        ]
        return self.add(self.home, form, 2)

    def articles(self, image: Any) -> None:
        blog = self.add(self.home, ArticleIndexPage(title="Blog", slug="blog", intro="What happens here."), 3)
        authors = {
            key: Author.objects.create(
                name=f"{key.title()} of {self.company}", slug=key, bio="Writes here.", image=image
            )
            for key in ("ada", "ben", "cleo")
        }
        for number, (title, slug, tags, author) in enumerate(_ARTICLES):
            article = ArticlePage(
                title=title,
                slug=slug,
                intro=f"{title}: what {self.company} says.",
                image=image,
                date=date(2026, 1, 10 + number),
                body=[
                    ("rich_text", RichText(f"<p>{self.company} writes about this.</p>")),
                    ("image", {"image": image, "alt": "", "caption": title}),
                ],
            )
            article.authors = [authors[author]]
            article.tags.add(*tags)
            self.add(blog, article, 10 + number)

    def menus(self, about: Any, form: Any) -> None:
        for slug, title in (("main", "Main"), ("footer", "Footer")):
            menu = Menu(slug=slug, title=title)
            menu.items = [
                MenuItem(sort_order=0, label="About us", page=about),
                MenuItem(sort_order=1, label="Contact", page=form),
                MenuItem(sort_order=2, label="Status", url="https://status.example/"),
            ]
            menu.save()
