"""Sends the files along with the one request that takes them."""

from router.executor import Pending, SubgraphClient
from router.executor.client import OnOutcome
from router.hooks import RequestContext
from router.server.uploads.request import Uploads

__all__ = ["UploadSender"]


class UploadSender:
    """Makes the requests of a run with files.

    Args:
        fetch: the index of the fetch that takes them.
    """

    __slots__ = ("_fetch", "_inner", "_uploads")

    def __init__(self, inner: SubgraphClient, uploads: Uploads, fetch: int) -> None:
        self._inner = inner
        self._uploads = uploads
        self._fetch = fetch

    def send(
        self,
        subgraph: str,
        body: bytes,
        operation_type: str,
        fetch_ids: tuple[int, ...],
        context: RequestContext,
        deadline: float,
        on_reply: OnOutcome,
    ) -> Pending:
        """Send one request; see `SubgraphClient.send`."""
        stream = self._uploads if self._fetch in fetch_ids else None
        return self._inner.send(subgraph, body, operation_type, fetch_ids, context, deadline, on_reply, stream=stream)
