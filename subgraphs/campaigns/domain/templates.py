"""Texts with places to fill: `Dear {{ contact.firstName | default("friend") }}`.

Read by Jinja's parser, of whose language a few forms are let through and everything else is refused when the text is
saved: output of a variable, the filters below, `{% if %}` on a variable. No loops, calls, attributes beyond the known
ones, arithmetic or includes, so that a text can do nothing but be filled in, in time proportional to its length. It is
filled in by Jinja's sandbox, where what is not there is an error rather than nothing.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from subgraphs.campaigns.domain.errors import TemplateInvalid

__all__ = ["VARIABLES", "check_template", "filled"]

VARIABLES: Final = (
    "contact.name",
    "contact.firstName",
    "contact.email",
    "contact.company",
    "contact.jobTitle",
    "unsubscribeUrl",
)
"""What a text may ask for. Of a contact that lacks company or job title these are empty."""

_FILTERS: Final = {"default": 1, "upper": 0, "lower": 0, "title": 0, "trim": 0}
"""By name, with how many arguments at most."""

_PLAIN: Final = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Not, nodes.And, nodes.Or)

_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True
)
_ENVIRONMENT.filters = {name: function for name, function in _ENVIRONMENT.filters.items() if name in _FILTERS}
# `default` stands for what is empty, too: nobody wants to be greeted as nothing.
_ENVIRONMENT.filters["default"] = lambda value, other="": value or other


def check_template(field: str, source: str) -> frozenset[str]:
    """The variables that a text asks for.

    Raises:
        TemplateInvalid: it is no template, asks for what there is not, or does more than be filled in.
    """
    try:
        tree = _ENVIRONMENT.parse(source)
        return frozenset(_names(field, tree))
    except TemplateSyntaxError as error:
        raise TemplateInvalid(field, (error.message or "The text is no template").rstrip("."), error.lineno) from None
    except (TemplateError, RecursionError):
        raise TemplateInvalid(field, "The text is no template", 1) from None


def filled(source: str, values: Mapping[str, str]) -> str:
    """A checked text, filled in.

    Args:
        values: of all `VARIABLES`.
    """
    contact = {name.partition(".")[2]: value for name, value in values.items() if "." in name}
    return _compiled(source).render(contact=contact, unsubscribeUrl=values["unsubscribeUrl"])


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    return _ENVIRONMENT.from_string(source)


def _names(field: str, node: nodes.Node) -> Iterator[str]:
    path = _path(node)
    if path is not None:
        if path not in VARIABLES:
            known = ", ".join(VARIABLES)
            raise TemplateInvalid(field, f"There is no variable {path}; there are {known}", node.lineno)
        yield path
        return
    if isinstance(node, nodes.Filter):
        _check_filter(field, node)
        assert node.node is not None
        yield from _names(field, node.node)
        return
    if not isinstance(node, _PLAIN):
        kind = type(node).__name__.lower()
        raise TemplateInvalid(field, f"A text is filled in and does no more: {kind} is not allowed", node.lineno)
    for child in node.iter_child_nodes():
        yield from _names(field, child)


def _check_filter(field: str, node: nodes.Filter) -> None:
    known = _FILTERS.get(node.name)
    if known is None or node.node is None:
        raise TemplateInvalid(field, f"There is no filter {node.name}; there are {', '.join(_FILTERS)}", node.lineno)
    plain = all(isinstance(each, nodes.Const) and isinstance(each.value, str) for each in node.args)
    if not plain or len(node.args) > known or node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise TemplateInvalid(field, f"{node.name} takes {known} texts in quotes at most", node.lineno)


def _path(node: nodes.Node) -> str | None:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return None
