"""Whether the demo data is that of the code as it is now."""

import hashlib
from pathlib import Path

__all__ = ["seed_version"]


def seed_version(sources: Path, database: str) -> str:
    """Return a fingerprint of the demo data's sources and of the database they go to.

    Args:
        sources: The folder of the contexts.
    """
    digest = hashlib.sha256(database.encode())
    for path in sorted(sources.glob("*/seed*/**/*")) + sorted(sources.glob("*/seed*.py")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.read_bytes())
    return digest.hexdigest()
