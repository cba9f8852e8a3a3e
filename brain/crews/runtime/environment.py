"""crewai's own settings, which it reads when it is imported."""

import os
import sys
from pathlib import Path

__all__ = ["own_home", "prepare"]


def own_home(folder: Path) -> None:
    """Makes a folder the home of this process, before anything asks where that is.

    crewai keeps settings and a key there, which are nobody's business outside of the worker; nor is what a user has
    there the worker's, such as the keys in `~/.aws`.

    Args:
        folder: is made if it is not there.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("HOME", "USERPROFILE", "LOCALAPPDATA"):
        if name in os.environ or name == "HOME":
            os.environ[name] = str(folder.absolute())


def prepare(storage: Path | None = None) -> None:
    """Sets crewai up to send nothing home and to write below `storage` alone. Call it before anything imports crewai.

    Args:
        storage: an own folder; None leaves what the environment says.

    Raises:
        RuntimeError: crewai has been imported already, with other settings.
    """
    wanted = {"CREWAI_DISABLE_TELEMETRY": "true", "CREWAI_TRACING_ENABLED": "false", "OTEL_SDK_DISABLED": "true"}
    if storage is not None:
        storage.mkdir(parents=True, exist_ok=True)
        wanted["CREWAI_STORAGE_DIR"] = str(storage)
    if "crewai" in sys.modules and any(os.environ.get(name) != value for name, value in wanted.items()):
        raise RuntimeError("crewai is imported already, and not with these settings")
    os.environ.update(wanted)
