"""Categories, as they are shown and kept."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from typing import Annotated, Any, Self

import strawberry
from sqlalchemy import Row

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from subgraphs.directory import loaders
from subgraphs.directory.domain.categories import category_translations, name_in
from subgraphs.directory.schema.parts import SHOWN, WRITE, under
from subgraphs.directory.usecases import categories


@strawberry.federation.type(tags=SHOWN, description="The name of a category in a language.")
class BusinessCategoryTranslation:
    language: str = strawberry.field(description="Two or three letters of ISO 639.")
    name: str = strawberry.field(description="What people who speak it call the category.")


@strawberry.federation.type(tags=SHOWN, keys=["id"], description="A kind of business; categories form a tree.")
class BusinessCategory:
    id: strawberry.ID = strawberry.field(description="The category's id.")
    slug: str = strawberry.field(description="Name for addresses, unique within the tenant.")
    description: str = strawberry.field(description="What belongs here.")
    row: strawberry.Private[Row[Any]]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(id=wire_id(row.id), slug=row.slug, description=row.description, row=row)

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        row = await info.context.load(loaders.category_by_id, parse_id(id))
        return None if row is None else cls.of(row)

    @strawberry.field(description="What people call it.")
    def name(
        self,
        language: Annotated[
            str | None,
            strawberry.argument(description="BCP 47 tag, such as `de-DE`: in that language, if it has a name there."),
        ] = None,
    ) -> str:
        return name_in(self.row.name, self.row.translations, language)

    @strawberry.field(description="Its names in other languages, by language; at most 20.")
    def translations(self) -> list["BusinessCategoryTranslation"]:
        known = sorted(self.row.translations.items())
        return [BusinessCategoryTranslation(language=language, name=name) for language, name in known]

    @strawberry.field(description="The category above; null at the top of the tree.")
    async def parent(self, info: Info) -> "BusinessCategory | None":
        if self.row.parent_id is None:
            return None
        row = await info.context.load(loaders.category_by_id, self.row.parent_id)
        return None if row is None else BusinessCategory.of(row)

    @strawberry.field(description="The categories directly below, in their order.")
    async def children(self, info: Info) -> list["BusinessCategory"]:
        return [BusinessCategory.of(row) for row in await info.context.load(loaders.subcategories, self.row.id)]

    @strawberry.field(description="All categories above, from the top of the tree down: for a path.")
    async def ancestors(self, info: Info) -> list["BusinessCategory"]:
        return [BusinessCategory.of(row) for row in await info.context.load(loaders.ancestors, self.row.id)]

    @strawberry.field(description="How many businesses there are in this category and all below it.")
    async def business_count(self, info: Info) -> int:
        return await info.context.load(loaders.business_counts, self.row.id)


@strawberry.input(description="The name of a category in a language.")
class CategoryTranslationInput:
    language: str = strawberry.field(description="Two or three letters of ISO 639.")
    name: str = strawberry.field(description="What people who speak it call the category.")


@strawberry.input(description="A new category.")
class CreateCategoryInput:
    name: str = strawberry.field(description="What people call it.")
    slug: str | None = strawberry.field(default=None, description="Name for addresses; made of the name if left out.")
    description: str = strawberry.field(default="", description="What belongs here.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="The category above.")
    translations: list[CategoryTranslationInput] = strawberry.field(
        default_factory=list, description="Its names in other languages, at most 20."
    )


@strawberry.input(description="Changes to a category; what is left out stays as it is.")
class UpdateCategoryInput:
    id: strawberry.ID = strawberry.field(description="The category.")
    description: str | None = strawberry.field(default=None, description="What belongs here.")
    translations: list[CategoryTranslationInput] | None = strawberry.field(
        default=None, description="Its names in other languages, instead of those it has."
    )


@strawberry.input(description="Where a category is to be, with all below it.")
class MoveCategoryInput:
    id: strawberry.ID = strawberry.field(description="The category.")
    parent_id: strawberry.ID | None = strawberry.field(
        default=None, description="The category above; the top of the tree if left out."
    )
    sort: int | None = strawberry.field(
        default=None, description="Its place among those beside it, by rising numbers; as before if left out."
    )


@strawberry.type(description="Answer of a mutation of a category.")
class CategoryPayload(MutationPayload):
    category: BusinessCategory | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="Answer of `deleteCategory`.")
class DeleteCategoryPayload(MutationPayload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="The id that the category had.")


@strawberry.type
class CategoryMutations:
    @mutation(CategoryPayload, scope=WRITE, description="Add a category; a tree has six levels at most.")
    async def create_category(
        self, info: Info, input: Annotated[CreateCategoryInput, strawberry.argument(description="The category.")]
    ) -> CategoryPayload:
        context = info.context
        with under("input"):
            row = await categories.create_category(
                context.session,
                context.tenant_id(),
                name=input.name,
                slug=input.slug,
                description=input.description,
                parent_id=None if input.parent_id is None else parse_id(input.parent_id, "parentId"),
                translations=_translations(input.translations),
            )
        return CategoryPayload(category=BusinessCategory.of(row))

    @mutation(CategoryPayload, scope=WRITE, description="Change what a category says.")
    async def update_category(
        self, info: Info, input: Annotated[UpdateCategoryInput, strawberry.argument(description="The changes.")]
    ) -> CategoryPayload:
        with under("input"):
            row = await categories.update_category(
                info.context.session,
                parse_id(input.id, "id"),
                description=input.description,
                translations=None if input.translations is None else _translations(input.translations),
            )
        return CategoryPayload(category=BusinessCategory.of(row))

    @mutation(CategoryPayload, scope=WRITE, description="Move a category, with all below it.")
    async def move_category(
        self, info: Info, input: Annotated[MoveCategoryInput, strawberry.argument(description="Where to.")]
    ) -> CategoryPayload:
        context = info.context
        parent_id = None if input.parent_id is None else parse_id(input.parent_id, "input", "parentId")
        category_id = parse_id(input.id, "input", "id")
        row = await categories.move_category(context.session, context.tenant_id(), category_id, parent_id, input.sort)
        return CategoryPayload(category=BusinessCategory.of(row))

    @mutation(DeleteCategoryPayload, scope=WRITE, description="Delete a category that nothing is in.")
    async def delete_category(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="The category.")]
    ) -> DeleteCategoryPayload:
        context = info.context
        category_id = parse_id(id, "id")
        await categories.delete_category(context.session, context.tenant_id(), category_id)
        return DeleteCategoryPayload(deleted_id=wire_id(category_id))


def _translations(given: list[CategoryTranslationInput]) -> dict[str, str]:
    return category_translations((each.language, each.name) for each in given)
