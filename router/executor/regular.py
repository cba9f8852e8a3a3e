"""Replies in which nothing is unusual, taken in one go: most replies are.

What is unusual in any way is left to the general path, which alone says what becomes of it.
"""

import orjson

from router.executor.keyed import Keyed
from router.executor.merging import arrange, merge_entities
from router.executor.projection import IRREGULAR
from router.executor.representations import Target
from router.executor.requests import SubgraphRequest
from router.hooks import SubgraphReply

__all__ = ["take_regular"]

_UNUSUAL = (*IRREGULAR, ValueError, RecursionError)


def take_regular(request: SubgraphRequest, reply: SubgraphReply, known: dict[int, list[Target]]) -> bool:
    """Check and merge the reply to a request of a tidy plan (see `tidy`). False if that is not all there is to do: then
    the general path takes the reply from the beginning. What has been merged by then, it merges once more.

    Args:
        known: gets the targets that the checks find, by fetch.
    """
    if reply.status != 200 or request.attempt is not None or request.has_custom_scalars:
        return False
    try:
        document = orjson.loads(reply.body)
        data = document["data"]
        if "errors" in document or data.__class__ is not dict:
            return False
        for call, owners in zip(request.calls, request.owners, strict=True):
            tidy = call.tidy
            if tidy is None:
                return False
            if call.response_key is None:
                entities = (data,)
                gathered = tidy.check(data)
            else:
                entities = data[call.response_key]
                expected = owners.distinct if owners.__class__ is Keyed else owners
                if entities.__class__ is not list or len(entities) != len(expected):
                    return False
                gathered = tidy.check(entities)
            if gathered:
                known.update(zip(tidy.gathers, gathered, strict=True))
            merge_entities(call.rule, owners, entities, tidy.moves)
            if tidy.wholes:
                arrange(owners, tidy.wholes)
    except _UNUSUAL:
        return False
    return True
