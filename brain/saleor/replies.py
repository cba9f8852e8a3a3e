"""What a Saleor answers, as clients of the graph see it: codes where they belong, and nothing of its inside.

Its errors have their code in `extensions.exception.code`, beside a stack trace where it is set to tell; every answer
has its cost.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson

from router.hooks import SubgraphReply

__all__ = ["cost_of", "error_reply", "has_errors", "is_expired", "readable"]

_EXPIRED = "SALEOR_TOKEN_EXPIRED"
_FORBIDDEN = "FORBIDDEN"
_LOG_IN = (
    "Log in: as a customer of the shop (tokenCreate; send the token as `Authorization-Bearer`), or as a member of the "
    "tenant."
)
_CODES = {
    "ExpiredSignatureError": _EXPIRED,
    "PermissionDenied": _FORBIDDEN,
    "GraphQLError": "SALEOR_BAD_REQUEST",
    "GraphQLSyntaxError": "SALEOR_BAD_REQUEST",
    "QueryCostError": "SALEOR_COST_EXCEEDED",
}
_OTHER = "SALEOR_ERROR"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_COST = re.compile(rb'"requestedQueryCost"\s*:\s*(\d{1,9})')
_TAIL_BYTES = 400
_UNEXPECTED = "The shop could not answer this."
# What it says of these is written for its clients.
_TOLD = _CODES.keys() | {"ValidationError"}


def cost_of(reply: SubgraphReply) -> int:
    """What the answer says that the request has cost; 0 if it does not. It stands at the end."""
    told = _COST.findall(reply.body, max(0, len(reply.body) - _TAIL_BYTES))
    return int(told[-1]) if told else 0


def has_errors(reply: SubgraphReply) -> bool:
    """Whether there may be errors in it: payloads of mutations have a field of that name, too."""
    return b'"errors"' in reply.body


def is_expired(reply: SubgraphReply) -> bool:
    """Whether all that a readable answer says is that the token is over: every root field is refused then."""
    if _EXPIRED.encode() not in reply.body:
        return False
    errors = orjson.loads(reply.body).get("errors") or ()
    return bool(errors) and all(error["extensions"]["code"] == _EXPIRED for error in errors)


def readable(reply: SubgraphReply, *, is_nobodys: bool = False) -> SubgraphReply:
    """The answer with its errors as clients see them.

    An answer without errors, or that is no JSON, is left as it is.

    Args:
        is_nobodys: whether it was asked for by somebody without any credential: who may not lacks that.
    """
    try:
        body = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return reply
    errors = body.get("errors") if isinstance(body, dict) else None
    if not isinstance(errors, list) or not errors:
        return reply
    body["errors"] = [_shown(error, is_nobodys=is_nobodys) for error in errors if isinstance(error, dict)]
    return SubgraphReply(reply.status, reply.headers, orjson.dumps(body))


def _shown(error: Mapping[str, Any], *, is_nobodys: bool) -> dict[str, Any]:
    extensions = error.get("extensions")
    exception = extensions.get("exception") if isinstance(extensions, dict) else None
    theirs = exception.get("code") if isinstance(exception, dict) else None
    code = theirs if isinstance(theirs, str) and _PLAIN.fullmatch(theirs) else ""
    shown = {name: error[name] for name in ("message", "path", "locations") if name in error}
    if code not in _TOLD:
        shown["message"] = _UNEXPECTED
    told_as = _CODES.get(code, _OTHER)
    if told_as == _FORBIDDEN and is_nobodys:
        shown["message"] = f"{_sentence(shown.get('message'))} {_LOG_IN}".strip()
        told_as = "UNAUTHENTICATED"
    shown["extensions"] = {"code": told_as, **({"saleorCode": code} if code else {})}
    return shown


def _sentence(message: Any) -> str:
    """With a full stop, so that another can follow."""
    text = message.rstrip() if isinstance(message, str) else ""
    return text if not text or text[-1] in ".!?" else f"{text}."


def error_reply(code: str, message: str) -> SubgraphReply:
    """An answer in the shop's stead: nothing, because of this."""
    errors = [{"message": message, "extensions": {"code": code}}]
    body = orjson.dumps({"data": None, "errors": errors})
    return SubgraphReply(200, {"content-type": "application/json"}, body)
