r"""Replies that are passed on as they are: checked as bytes, neither parsed nor written again.

Where a plan is one request and its answer needs no change, the client's `data` can be the subgraph's own text. Nothing
is taken on trust for it: a regular expression, made from the projection, describes every text that is right to the
letter - the fields that were asked for and no other, once and in order, of the right types, nulls only where they may
be, enum values of the API schema, valid JSON - and runs in linear time, for it never goes back (possessive repetition).
What it does not match may be right all the same (other white space, exponents, fields in another order, extensions,
errors); such replies go the usual way, which decides.
"""

import re

import orjson

from router.executor.positions import Field, Position, TypeRef
from router.hooks import SubgraphReply

__all__ = ["PassThrough"]

_STRING = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
"""A JSON string; without surrogates, which are right in pairs only."""

_FLOAT = rb"-?(?:0|[1-9][0-9]{0,14}+)(?:\.[0-9]{1,15}+)?"

_LEAVES = {
    "String": _STRING,
    "ID": _STRING,
    "Boolean": rb"(?:true|false)",
    "Int": rb"(?:0|-?[1-9][0-9]{0,8}+)",
    "Float": _FLOAT,
}
_CUSTOM = rb"(?:" + _STRING + rb"|" + _FLOAT + rb"|true|false)"

_FRAME = len(b'{"data":}')

_MAX_FIELDS = 200
_MAX_DEPTH = 30
_WARM_UP = 4
"""Replies after which the expression is made: it takes longer than the plan's own code."""

_MAX_MISSES = 8
"""Replies in a row after which it is given up: the subgraph writes in another way."""


class _Changed(Exception):
    """The client's data is not the subgraph's text."""


class PassThrough:
    """Decides about the replies of a plan of one root fetch.

    Args:
        root: the plan's projection.

    Attributes:
        is_ready: whether the next reply can be the response.
    """

    __slots__ = ("_left", "_misses", "_pattern", "_root", "is_ready")

    def __init__(self, root: Position) -> None:
        self._root: Position | None = root
        self._pattern: re.Pattern[bytes] | None = None
        self._left = _WARM_UP
        self._misses = 0
        self.is_ready = False

    def response(self, reply: SubgraphReply) -> bytes | None:
        """Return the client's response if its `data` is the reply's to the letter and there is nothing else in it.

        It is `{"data":...}` without any white space around the data.
        """
        if self._pattern is None:
            if self._root is None:
                return None
            self._left -= 1
            if self._left > 0:
                return None
            self._pattern, self._root = _pattern(self._root), None
            if self._pattern is None:
                return None
            self.is_ready = True
        if reply.status != 200:
            return None
        found = self._pattern.fullmatch(reply.body)
        if found is None or not (reply.body.isascii() or _is_utf8(reply.body)):
            self._misses += 1
            if self._misses >= _MAX_MISSES:
                self._pattern, self.is_ready = None, False
            return None
        self._misses = 0
        data = found[1]
        # Most often the reply has no white space there either, and is the response.
        return reply.body if len(data) + _FRAME == len(reply.body) else b'{"data":' + data + b"}"


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _pattern(root: Position) -> re.Pattern[bytes] | None:
    writer = _Writer()
    try:
        writer.object(root, _MAX_DEPTH)
    except _Changed:
        return None
    return re.compile(rb'\{"data": ?+(' + b"".join(writer.parts) + rb")\}[ \n]?+")


class _Writer:
    """Writes the expression for one position after the other."""

    __slots__ = ("_fields", "parts")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self._fields = 0

    def object(self, position: Position, depth: int) -> None:
        (fields,) = position.by_type.values() if not position.is_abstract and depth else ((),)
        self._fields += len(fields)
        if not fields or self._fields > _MAX_FIELDS:
            raise _Changed
        for index, field in enumerate(fields):
            is_same = field.response_key == field.storage_key and field.condition is None and field.constant is None
            if not is_same or field.is_typename or field.introspection is not None:
                raise _Changed
            self.parts += (rb", ?+" if index else rb"\{", re.escape(orjson.dumps(field.response_key)), rb": ?+")
            self._value(field, field.type, depth)
        self.parts.append(rb"\}")

    def _value(self, field: Field, type_: TypeRef, depth: int) -> None:
        if not type_.is_non_null:
            self.parts.append(rb"(?:null|")
        if type_.item is not None:
            self.parts.append(rb"\[(?:")
            self._value(field, type_.item, depth)
            self.parts.append(rb"(?:, ?+(?!\])|(?=\])))*+\]")
        elif field.position is not None:
            self.object(field.position, depth - 1)
        elif field.enum_values is not None:
            if not field.enum_values:
                raise _Changed
            names = rb"|".join(re.escape(name.encode()) for name in sorted(field.enum_values))
            self.parts.append(rb'"(?:' + names + rb')"')
        else:
            self.parts.append(_LEAVES.get(field.type.name, _CUSTOM))
        if not type_.is_non_null:
            self.parts.append(rb")")
