"""crewai calls language models and tools in threads; the graph and the ledger are spoken to in the event loop."""

import asyncio
import concurrent.futures
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["Bridge"]

T = TypeVar("T")


class Bridge:
    """Runs coroutines of one event loop for threads that wait for them. Made in the loop's thread."""

    def __init__(self, timeout_s: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._timeout_s = timeout_s
        self._waiting: set[concurrent.futures.Future[Any]] = set()
        self._closed = False

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """What the coroutine returns or raises.

        Raises:
            concurrent.futures.CancelledError: the task has ended meanwhile.
            TimeoutError: it took too long.
        """
        if self._closed:
            coroutine.close()
            raise concurrent.futures.CancelledError
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        self._waiting.add(future)
        try:
            return future.result(self._timeout_s)
        finally:
            self._waiting.discard(future)

    def close(self) -> None:
        """Lets go of all threads that wait, and of those that come later."""
        self._closed = True
        for future in list(self._waiting):
            future.cancel()
