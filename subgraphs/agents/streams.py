"""The bells of runs (`resolvers.bells`): they wake those who watch a run."""

from uuid import UUID

from resolvers.bells import Bells

__all__ = ["EventStreams", "stream_key"]


def stream_key(tenant_id: UUID, run_id: UUID) -> str:
    """The key of a run's bell."""
    return f"agents:{tenant_id}:{run_id}"


class EventStreams:
    """Rings, and waits for, the bells of runs."""

    def __init__(self, bells: Bells) -> None:
        self._bells = bells

    async def ring(self, tenant_id: UUID, run_id: UUID, seq: int) -> None:
        """Says that event `seq` is there. Never raises."""
        await self._bells.ring(stream_key(tenant_id, run_id), seq)

    async def wait(self, tenant_id: UUID, run_id: UUID, after: int, timeout_s: float) -> None:
        """Returns when there is an event after number `after`, or after `timeout_s`.

        Raises:
            redis.RedisError, OSError: Redis does not answer.
        """
        await self._bells.wait({stream_key(tenant_id, run_id): after}, timeout_s)

    async def close(self) -> None:
        """Closes all connections."""
        await self._bells.close()
