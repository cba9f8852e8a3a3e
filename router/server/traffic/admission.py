"""How many requests of clients are answered at the same time: what comes on top is refused before any work.

A request counts from when its body is there: who sends slowly takes no room from others.
"""

from router.server.responses import Rejected

__all__ = ["Admission"]

RETRY_AFTER_S = 1


class Admission:
    """Counts requests under way.

    Attributes:
        running: requests under way.
        refused: requests that were too many.
    """

    __slots__ = ("_limit", "refused", "running")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.running = 0
        self.refused = 0

    @property
    def is_full(self) -> bool:
        """Whether one more would be too many."""
        return self.running >= self._limit

    def check(self) -> None:
        """
        Raises:
            Rejected: one more would be too many now, so that its body need not be read.
        """
        if self.is_full:
            self.refused += 1
            raise overloaded()

    def enter(self) -> None:
        """Count one more; it must `leave`.

        Raises:
            Rejected: it is too many.
        """
        self.check()
        self.running += 1

    def leave(self) -> None:
        """One has been answered, or has become a stream that lasts."""
        self.running -= 1


def overloaded() -> Rejected:
    message = "The server answers as many requests as it can at a time."
    headers = {"retry-after": str(RETRY_AFTER_S)}
    return Rejected.one("ROUTER_OVERLOADED", message, status=503, headers=headers)
