"""The ids of runs, as the subgraph `agents` makes them: equal keys of a tenant's crew are one run."""

from typing import Final
from uuid import UUID, uuid5

__all__ = ["run_id_of"]

_RUNS: Final = UUID("0e2a5f4e-6a51-5d5e-8a1d-3d0c0b7b1f52")


def run_id_of(tenant: str, crew: str, key: str) -> str:
    """The id of the run of `crew` with that key, as text."""
    return str(uuid5(_RUNS, f"{tenant}/{crew}/{key}"))
