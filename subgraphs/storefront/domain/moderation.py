"""Questions and answers are seen by all once somebody of the shop has looked at them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from uuid import UUID

MAX_PENDING = 20
"""Questions of one user that may wait to be looked at."""


class Moderation(enum.Enum):
    """Whether a text is shown."""

    PENDING = "pending"
    PUBLISHED = "published"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: their own texts, and everybody's that are published.

    Attributes:
        user_id: of the user; None for anybody.
        sees_all: of the shop, who looks at texts before others do.
    """

    user_id: UUID | None
    sees_all: bool
