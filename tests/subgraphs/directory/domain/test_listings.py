from dataclasses import replace
from uuid import UUID

import pytest

from subgraphs.directory.domain.errors import InvalidListing, InvalidReview
from subgraphs.directory.domain.listings import (
    RawListing,
    folded,
    rating_average,
    review_rating,
    search_text,
    slug_of,
    text_configuration,
)

RAW = RawListing(
    name="  Café   Miradouro ",
    category_id=UUID(int=1),
    street="Rua 1",
    postal_code="1000",
    city="Lisboa",
    country_code="pt",
    latitude=38.7,
    longitude=-9.1,
    time_zone="Europe/Lisbon",
    language="english",
)


def test_a_listing_is_tidied() -> None:
    listing = replace(RAW, keywords=("coffee", " coffee ", "tea"), phone=" ", website=" https://x.example ").checked()
    assert listing.name == "Café Miradouro"
    assert listing.slug == "cafe-miradouro"
    assert listing.keywords == ("coffee", "tea")
    assert listing.address.country_code == "PT"
    assert listing.phone is None
    assert listing.website == "https://x.example"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"name": "  "}, ("name",)),
        ({"name": "x" * 201}, ("name",)),
        ({"name": "日本"}, ("slug",)),
        ({"slug": "Not A Slug"}, ("slug",)),
        ({"slug": "a--b"}, ("slug",)),
        ({"description": "x" * 5001}, ("description",)),
        ({"keywords": tuple(f"k{n}" for n in range(21))}, ("keywords",)),
        ({"keywords": ("",)}, ("keywords",)),
        ({"country_code": "Portugal"}, ("address", "countryCode")),
        ({"city": ""}, ("address", "city")),
        ({"phone": "call me"}, ("phone",)),
        ({"website": "javascript:alert(1)"}, ("website",)),
        ({"website": "https://nodot"}, ("website",)),
        ({"website": "https://user@host.example"}, ("website",)),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_path(changes: dict[str, object], path: tuple[str, ...]) -> None:
    with pytest.raises(InvalidListing) as caught:
        replace(RAW, **changes).checked()  # type: ignore[arg-type]
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Maßschneiderei Ayd\u0131n", "massschneiderei-aydin"), ("Ótica  & Co.", "otica-co"), ("x" * 100, "x" * 80)],
)
def test_slugs_of_names(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_folding_forgets_case_and_accents() -> None:
    assert folded("  \u00d3tica STRASSE Straße  Łódź ") == "otica strasse strasse łodz"


def test_rating_average_is_rounded_half_up_and_missing_without_ratings() -> None:
    assert rating_average(0, 0) is None
    assert rating_average(3, 14) == 4.67
    assert rating_average(8, 37) == 4.63  # 4.625
    assert rating_average(1, 5) == 5.0


@pytest.mark.parametrize("rating", [0, 6, -1])
def test_ratings_are_one_to_five(rating: int) -> None:
    with pytest.raises(InvalidReview):
        review_rating(rating)


@pytest.mark.parametrize(
    ("locale", "configuration"),
    [("pt-PT", "portuguese"), ("de_DE", "german"), ("EN", "english"), ("ja-JP", "simple"), (None, "simple")],
)
def test_text_search_configuration_of_a_locale(locale: str | None, configuration: str) -> None:
    assert text_configuration(locale) == configuration


def test_search_text_says_what_a_listing_is() -> None:
    assert search_text("Bella", "Italian", ["pasta"], "Handmade.") == "Italian. Handmade. pasta"
    assert search_text("Bella", "Italian", [], "") == "Italian. Bella"
