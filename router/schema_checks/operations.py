"""The operations that clients are known to send, read from a folder of `*.graphql` files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    Node,
    OperationDefinitionNode,
    Source,
    Visitor,
    parse,
    visit,
)

from router.errors import RouterError

__all__ = ["InvalidOperations", "RegisteredOperation", "read_operations"]


class InvalidOperations(RouterError):
    """A folder of operations cannot be read; the message names the file."""

    code = "OPERATIONS_INVALID"


@dataclass(frozen=True, slots=True)
class RegisteredOperation:
    """One operation with the fragments that it needs.

    Attributes:
        name: empty if it has none.
        document: the operation and its fragments, nothing else.
    """

    name: str
    file: Path
    line: int
    column: int
    document: DocumentNode

    def __str__(self) -> str:
        return f"{self.name or 'an operation without a name'} ({self.file}:{self.line}:{self.column})"


def read_operations(folder: Path) -> tuple[RegisteredOperation, ...]:
    """Every operation in the `*.graphql` files of the folder and those below it, in order of files and lines.

    A fragment is looked for in the operation's own file first, then in all the others.

    Raises:
        InvalidOperations: there is no such folder or no operation in it, a file is no GraphQL, or a fragment is missing
            or could be either of two.
    """
    if not folder.is_dir():
        raise InvalidOperations(f"{folder} is not a folder.")
    documents = {file: _parsed(file) for file in sorted(folder.rglob("*.graphql"))}
    fragments = {file: _fragments(document) for file, document in documents.items()}
    operations = tuple(
        RegisteredOperation(
            node.name.value if node.name else "",
            file,
            *_place(node),
            DocumentNode(definitions=(node, *_needed(node, file, fragments))),
        )
        for file, document in documents.items()
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
    )
    if not operations:
        raise InvalidOperations(f"{folder} has no operation in any *.graphql file.")
    return operations


def _parsed(file: Path) -> DocumentNode:
    try:
        return parse(Source(file.read_text(encoding="utf-8"), str(file)))
    except GraphQLError as error:
        at = "".join(f":{place.line}:{place.column}" for place in (error.locations or ())[:1])
        raise InvalidOperations(f"{file}{at}: {error.message}") from error
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidOperations(f"{file}: {error}") from error


def _fragments(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    return {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}


def _needed(
    operation: OperationDefinitionNode, home: Path, fragments: Mapping[Path, Mapping[str, FragmentDefinitionNode]]
) -> Iterator[FragmentDefinitionNode]:
    """The fragments that an operation spreads, and those that these spread."""
    seen: set[str] = set()
    waiting: list[tuple[Node, Path]] = [(operation, home)]
    while waiting:
        node, file = waiting.pop()
        for name in _spreads(node):
            if name in seen:
                continue
            seen.add(name)
            homes = [file] if name in fragments[file] else [f for f in fragments if name in fragments[f]]
            if len(homes) != 1:
                found = f"is in {' and '.join(map(str, homes))}" if homes else "is in no file"
                raise InvalidOperations(f"{file}: the fragment {name!r} {found}.")
            fragment = fragments[homes[0]][name]
            yield fragment
            waiting.append((fragment, homes[0]))


def _spreads(node: Node) -> list[str]:
    names: list[str] = []

    class Spreads(Visitor):
        def enter_fragment_spread(self, spread: FragmentSpreadNode, *_: object) -> None:
            names.append(spread.name.value)

    visit(node, Spreads())
    return names


def _place(node: Node) -> tuple[int, int]:
    assert node.loc is not None
    return node.loc.start_token.line, node.loc.start_token.column
