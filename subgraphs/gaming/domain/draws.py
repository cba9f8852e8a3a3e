"""Who meets whom in a tournament."""

from collections.abc import Sequence
from uuid import UUID

__all__ = ["round_robin", "seeds_of_bracket"]


def seeds_of_bracket(size: int) -> list[int]:
    """The seeds of a bracket from its top: 1, 4, 2, 3 for four."""
    order = [1]
    while len(order) < size:
        both = 2 * len(order) + 1
        order = [each for seed in order for each in (seed, both - seed)]
    return order


def round_robin(players: Sequence[UUID]) -> list[list[tuple[UUID, UUID]]]:
    """The rounds in which everybody meets everybody once: the first stays, the others go round."""
    ring: list[UUID | None] = [*players, *([None] if len(players) % 2 else [])]
    rounds = []
    for _ in range(len(ring) - 1):
        half = len(ring) // 2
        met = zip(ring[:half], reversed(ring[half:]), strict=True)
        rounds.append([(first, second) for first, second in met if first is not None and second is not None])
        ring = [ring[0], ring[-1], *ring[1:-1]]
    return rounds
