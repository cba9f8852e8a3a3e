"""Names of a new context, and where the repository has to know of it."""

from pathlib import Path

import pytest

from brain.new_context import ContextNames, NameRefused, NoPlace, generate, names_of
from brain.new_context.registration import EDITS, Edit, edited

ROOT = Path(__file__).parents[3]


def names(context: str, entity: str | None = None, plural: str | None = None) -> ContextNames:
    return ContextNames.of(context, entity, plural, contexts={"crm"}, types={"Lead", "Contact"})


def test_what_follows_from_a_name() -> None:
    orchards = names("orchards").written()
    assert (orchards["Entity"], orchards["entity"], orchards["entities"]) == ("Orchard", "orchard", "orchards")
    assert (orchards["an"], orchards["An"]) == ("an", "An")
    books = names("pricing", "PriceBook").written()
    assert (books["entity"], books["entities"], books["words"]) == ("price_book", "price_books", "price book")
    assert (books["entityCamel"], books["entitiesCamel"], books["ENTITY"]) == ("priceBook", "priceBooks", "PRICE_BOOK")
    assert names("supplies", "Supply", "supplies").plural == "supplies"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (("Crm",), "no name for a context"),
        (("a b",), "no name for a context"),
        (("../x",), "no name for a context"),
        (("pg_things",), "no name for a context"),
        (("x" * 21,), "no name for a context"),
        (("crm",), "There is a 'crm' already"),
        (("public",), "already"),
        (("leads",), "The graph has a type 'Lead' already; name another with --entity"),
        (("things", "thing"), "no name for a type"),
        (("things", "T" + "x" * 20), "no name for a type"),
        (("things", "Thing", "Things"), "no name for a table"),
        (("things", "Thing", "thing"), "cannot be the plural"),
        (("classes", "Class", "classes"), "cannot be the plural"),
    ],
)
def test_names_that_are_refused(given: tuple[str, ...], why: str) -> None:
    with pytest.raises(NameRefused, match=why):
        names(*given)


def test_those_of_this_repository_are_taken() -> None:
    for context, entity in (("directory", None), ("saleor", None), ("orders", None), ("things", "Contact")):
        with pytest.raises(NameRefused):
            names_of(ROOT, context, entity, None)


def test_every_place_is_there() -> None:
    """Whoever changes one of these files so that a new context finds no place in it hears of it here."""
    for edit in EDITS:
        text = (ROOT / edit.file).read_text()
        changed = edited(edit.file, text, [edit], "orchards")
        assert changed.count("orchards") > text.count("orchards"), edit.file


def test_a_place_that_is_gone_is_said_and_nothing_written(tmp_path: Path) -> None:
    for edit in EDITS:
        target = tmp_path / edit.file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text((ROOT / edit.file).read_text())
    (tmp_path / "mkdocs.yml").write_text("nav: []\n")
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(NoPlace, match=r"mkdocs\.yml is not as it was: add '- Orchards: reference/orchards.md' by hand"):
        generate(tmp_path, names("orchards"))
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_lists_are_continued_where_they_end() -> None:
    edit = Edit("x.py", r'^NAMES = \((?:\s*"\w+",?)+', ', "NAME"')
    assert (
        edited("x.py", 'NAMES = (\n    "a",\n    "b",\n)\n', [edit], "c") == 'NAMES = (\n    "a",\n    "b", "c",\n)\n'
    )
