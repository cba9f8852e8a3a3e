"""Cuts a set of subgraphs down to what still shows something."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from graphql import GraphQLError, parse, print_ast
from graphql.language import DocumentNode, Node

Sets = dict[str, str]


def shrunk(sdls: Sets, still: Callable[[Sets], bool]) -> Sets:
    """The smallest set found by leaving out a subgraph, definition, field, directive or argument at a time."""
    progress = True
    while progress:
        progress = False
        for smaller in smaller_sets(sdls):
            if still(smaller):
                sdls = smaller
                progress = True
                break
        else:
            break
    return sdls


def smaller_sets(sdls: Sets) -> Iterator[Sets]:
    """The sets with one element less: a subgraph, then definitions, then what is in them."""
    if len(sdls) > 1:
        for name in sdls:
            yield {n: sdl for n, sdl in sdls.items() if n != name}
    for name, sdl in sdls.items():
        try:
            document = parse(sdl, no_location=True)
        except GraphQLError:
            continue
        for part in without_one(document):
            try:
                yield {**sdls, name: print_ast(part)}
            except (TypeError, ValueError):
                continue


def without_one(document: DocumentNode) -> Iterator[DocumentNode]:
    """The document without one element of one of its lists, larger ones first."""
    level: list[tuple[tuple[Any, ...], Node]] = [((), document)]
    while level:
        deeper: list[tuple[tuple[Any, ...], Node]] = []
        for path, node in level:
            for key in node.keys:
                value = getattr(node, key, None)
                if isinstance(value, Node):
                    deeper.append(((*path, key), value))
                elif isinstance(value, list | tuple):
                    for at, item in enumerate(value):
                        if not (isinstance(node, DocumentNode) and len(value) == 1):
                            yield _replaced(document, path, key, (*value[:at], *value[at + 1 :]))
                        deeper.append(((*path, (key, at)), item))
        level = deeper


def _replaced(node: Any, path: tuple[Any, ...], key: str, value: tuple[Node, ...]) -> Any:
    """A copy of the node with another value at the end of the path; only what lies on the path is copied."""
    if not path:
        return replace(node, **{key: value})
    step, *rest = path
    if isinstance(step, tuple):
        name, at = step
        items = list(getattr(node, name))
        items[at] = _replaced(items[at], tuple(rest), key, value)
        return replace(node, **{name: tuple(items)})
    return replace(node, **{step: _replaced(getattr(node, step), tuple(rest), key, value)})
