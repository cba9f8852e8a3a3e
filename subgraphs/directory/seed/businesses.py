"""Demo businesses, their categories and their timetables."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, time
from importlib import resources

from subgraphs.directory.domain.exceptions import DayInterval, OpeningException

CATEGORIES: dict[str, dict[str, str]] = {
    "Food and drink": {
        "Italian restaurant": "Pasta, pizza and wine",
        "Local cuisine": "What the city itself cooks",
        "Asian restaurant": "From ramen to curry",
        "Vegan restaurant": "Entirely plant based",
        "Café": "Coffee, tea and something sweet",
        "Bakery": "Bread and pastry baked on the spot",
        "Bar": "Drinks into the night",
    },
    "Shopping": {
        "Bookshop": "New and second-hand books",
        "Clothing": "Fashion, shoes and tailoring",
        "Electronics": "Computers, phones and their repair",
        "Florist": "Cut flowers and plants",
        "Grocery": "Food to take home",
    },
    "Health": {
        "Dentist": "Teeth and gums",
        "Pharmacy": "Medicines and advice",
        "Physiotherapy": "Rehabilitation and massage",
        "Optician": "Glasses and contact lenses",
        "Veterinarian": "Doctors for animals",
    },
    "Mobility": {
        "Car repair": "Garages and mechanics",
        "Bicycle shop": "Bicycles, parts and repairs",
        "Car rental": "Cars and vans by the day",
    },
    "Beauty": {
        "Hairdresser": "Cuts and colour",
        "Spa": "Sauna, massage and treatments",
    },
    "Professional services": {
        "Lawyer": "Legal advice",
        "Accountant": "Books and taxes",
        "Architect": "Plans and permits",
        "Translation": "Documents and interpreting",
    },
    "Home": {
        "Plumber": "Pipes, heating and drains",
        "Electrician": "Wiring and lighting",
        "Carpenter": "Furniture and fittings",
        "Locksmith": "Locks, keys and safes",
    },
    "Leisure": {
        "Gym": "Training and classes",
        "Yoga studio": "Yoga and meditation",
        "Museum": "Exhibitions and collections",
        "Cinema": "Films on the big screen",
    },
    "Lodging": {
        "Hotel": "Rooms with service",
        "Hostel": "Beds on a budget",
    },
    "Education": {
        "Language school": "Courses for adults",
        "Music school": "Lessons for every instrument",
    },
}
"""Top-level categories with their children (name: description)."""

_ALL_WEEK = range(7)
_WORKDAYS = range(5)
_SIX_DAYS = range(6)

HOURS: dict[str, tuple[tuple[range, str, str], ...]] = {
    "office": ((_WORKDAYS, "09:00", "13:00"), (_WORKDAYS, "14:00", "18:00")),
    "shop": ((_WORKDAYS, "10:00", "19:00"), (range(5, 6), "10:00", "18:00")),
    "late-shop": ((_SIX_DAYS, "08:00", "22:00"), (range(6, 7), "10:00", "20:00")),
    "bakery": ((_SIX_DAYS, "06:30", "18:30"), (range(6, 7), "07:30", "13:00")),
    "cafe": ((_ALL_WEEK, "08:00", "19:00"),),
    "restaurant": ((range(1, 7), "12:00", "15:00"), (range(1, 7), "19:00", "23:00")),
    "kitchen-late": ((_ALL_WEEK, "12:00", "00:00"),),
    "bar": ((range(1, 4), "18:00", "02:00"), (range(4, 6), "18:00", "04:00")),
    "night": ((range(3, 7), "22:00", "06:00"),),
    "garage": ((_WORKDAYS, "08:00", "12:30"), (_WORKDAYS, "13:30", "18:00"), (range(5, 6), "09:00", "13:00")),
    "gym": ((_WORKDAYS, "06:00", "23:00"), (range(5, 7), "08:00", "20:00")),
    "museum": ((range(1, 7), "10:00", "18:00"),),
    "evenings": ((_ALL_WEEK, "15:00", "00:30"),),
    "always": ((_ALL_WEEK, "00:00", "00:00"),),
    "classes": ((_WORKDAYS, "08:30", "12:30"), (_WORKDAYS, "16:00", "21:00")),
}
"""Timetables by name: weekdays (Monday is 0) with opening and closing time."""


def demo_holidays(country_code: str) -> tuple[OpeningException, ...]:
    """Holidays of a country: closed every year, but for a shorter day."""
    short = (DayInterval.on(time(9), time(14)),)
    known: dict[str, tuple[tuple[int, int, str, tuple[DayInterval, ...]], ...]] = {
        "PT": ((1, 1, "Ano Novo", ()), (4, 25, "Dia da Liberdade", ()), (12, 24, "Véspera de Natal", short)),
        "DE": ((1, 1, "Neujahr", ()), (10, 3, "Tag der Deutschen Einheit", ()), (12, 24, "Heiligabend", short)),
    }
    both: tuple[tuple[int, int, str, tuple[DayInterval, ...]], ...] = ((12, 25, "Christmas", ()),)
    return tuple(
        OpeningException.of(date(2024, month, day), date(2024, month, day), intervals, yearly=True, name=name)
        for month, day, name, intervals in known[country_code] + both
    )


TRANSLATIONS: dict[str, dict[str, str]] = {
    "Food and drink": {"de": "Essen und Trinken", "pt": "Comida e bebida"},
    "Shopping": {"de": "Einkaufen", "pt": "Compras"},
    "Health": {"de": "Gesundheit", "pt": "Saúde"},
    "Bakery": {"de": "Bäckerei", "pt": "Padaria"},
    "Bookshop": {"de": "Buchhandlung", "pt": "Livraria"},
    "Dentist": {"de": "Zahnarzt", "pt": "Dentista"},
}
"""Names of some categories by language."""

ATTRIBUTES = ("card-payment", "wheelchair-accessible", "wifi", "parking", "outdoor-seating", "pets-welcome")
"""What every second, third, fourth and so on demo business has."""

CITIES: dict[str, tuple[str, str, str, str]] = {
    "acme": ("Lisboa", "PT", "Europe/Lisbon", "+351 20 055 0"),
    "globex": ("Berlin", "DE", "Europe/Berlin", "+49 30 23125 "),
}
"""Demo tenant to the city of its businesses: name, country, time zone, start of a phone number that nobody has."""


@dataclass(frozen=True, slots=True)
class DemoListing:
    """One business of a demo tenant, as written in the tenant's CSV file. The places are real, the businesses not.

    Attributes:
        key: b001, b002, and so on.
        category: name of one of the lower `CATEGORIES`.
        hours: name of one of the `HOURS`.
    """

    key: str
    name: str
    category: str
    hours: str
    street: str
    postal_code: str
    latitude: float
    longitude: float
    description: str
    keywords: tuple[str, ...]


def demo_listings(tenant_slug: str) -> tuple[DemoListing, ...]:
    """The sixty businesses of a demo tenant."""
    text = (resources.files(__package__) / f"{tenant_slug}.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), delimiter="|", quoting=csv.QUOTE_NONE)
    return tuple(
        DemoListing(
            key=f"b{number:03}",
            name=row["name"],
            category=row["category"],
            hours=row["hours"],
            street=row["street"],
            postal_code=row["postal_code"],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            description=row["description"],
            keywords=tuple(row["keywords"].split(",")),
        )
        for number, row in enumerate(rows, start=1)
    )
