"""Planning listed documents before a client asks for them, which also tells those that do not fit the supergraph."""

import asyncio
import logging
import time
from collections.abc import Sequence

from router.server.documents import DocumentKey
from router.server.persisted.manifests import Listed
from router.server.pipeline import Pipeline

__all__ = ["rehearse"]

logger = logging.getLogger("router.server")

MAX_SHOWN = 20
"""Documents named in one record of the log."""


async def rehearse(pipeline: Pipeline, listed: Sequence[Listed]) -> int:
    """Plan documents, one after the other, until the time for warming up is over; log which ones are wrong.

    Returns:
        How many have a plan.
    """
    config = pipeline.config
    deadline = time.monotonic() + config.document_cache.warm_up_s
    ready, wrong = 0, []
    for number, each in enumerate(listed):
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                for incremental in {False, config.incremental_delivery and "@defer" in each.text}:
                    key = DocumentKey(
                        each.text, each.operation_name, config.default_view, frozenset(), incremental=incremental
                    )
                    await pipeline.preparer.get(key)
            ready += 1
        except TimeoutError:
            logger.warning("no time to plan all trusted documents", extra={"fields": {"left": len(listed) - number}})
            break
        except Exception as error:  # noqa: BLE001  whatever it is, the others must be planned
            wrong.append(f"{each.operation_name or each.id}: {error}")
    if wrong:
        fields = {"count": len(wrong), "documents": wrong[:MAX_SHOWN]}
        logger.warning("trusted documents do not fit the supergraph", extra={"fields": fields})
    return ready
