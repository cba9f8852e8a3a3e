"""What the end of a subgraph request says about the subgraph."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import orjson

from router.errors import SubgraphError
from router.hooks import SubgraphCall, SubgraphReply

__all__ = ["Outcome", "copied", "has_data", "is_clients", "is_failure", "is_timeout", "is_unreachable", "retry_after_s"]

TIMEOUT = "SUBREQUEST_TIMEOUT"
MAX_RETRY_AFTER_S = 3600.0

Outcome = SubgraphReply | SubgraphError


def is_unreachable(outcome: Outcome) -> bool:
    """Whether no answer came at all, or one that broke off."""
    return isinstance(outcome, SubgraphError) and outcome.code == SubgraphError.code and outcome.status is None


def is_timeout(outcome: Outcome) -> bool:
    """Whether no answer came in time."""
    return isinstance(outcome, SubgraphError) and outcome.code == TIMEOUT


def is_failure(outcome: Outcome) -> bool:
    """Whether the endpoint seems to be in trouble: unreachable, too slow, or a 5xx that is no answer with data."""
    if isinstance(outcome, SubgraphReply):
        return outcome.status >= 500 and not has_data(outcome)
    return is_unreachable(outcome) or is_timeout(outcome)


def is_clients(call: SubgraphCall, outcome: Outcome) -> bool:
    """Whether a request ended so because of its client, whose files could not be sent on: too large, too slow, gone."""
    stream = call.stream
    if stream is None:
        return False
    return stream.failure is not None or (is_timeout(outcome) and not stream.is_finished)


def has_data(reply: SubgraphReply) -> bool:
    """Whether a reply with an error status is a GraphQL answer with data nevertheless."""
    media_type = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/graphql-response+json":
        return False
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return False
    return isinstance(document, dict) and document.get("data") is not None


def retry_after_s(reply: SubgraphReply) -> float:
    """How long the subgraph wants to be left alone, from the header `retry-after`; 0 if it does not say."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), MAX_RETRY_AFTER_S)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), MAX_RETRY_AFTER_S)


def copied(outcome: Outcome) -> Outcome:
    """An outcome for another request: hooks may change what they get."""
    if isinstance(outcome, SubgraphReply):
        return SubgraphReply(outcome.status, dict(outcome.headers), outcome.body)
    other = SubgraphError(outcome.message, subgraph=outcome.subgraph, status=outcome.status, code=outcome.code)
    other.__cause__ = outcome.__cause__
    return other
