"""Reading and writing what the command line names."""

import json
import os
from pathlib import Path
from typing import Any

from router.errors import RouterError

__all__ = ["Failed", "as_json", "ended", "read_text", "write_text"]


class Failed(RouterError):
    """The command cannot go on; code and message are for the user."""

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message, code=code)


def read_text(file: Path) -> str:
    """The file's text.

    Raises:
        Failed: it cannot be read, or is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", code="FILE_NOT_READABLE") from error
    except UnicodeDecodeError as error:
        raise Failed(f"{file}: not UTF-8", code="FILE_NOT_READABLE") from error


def write_text(file: Path, text: str) -> None:
    """Replace the file's content at once: a reader sees all of the old or all of the new, also if we are killed.

    Raises:
        Failed: it cannot be written.
    """
    try:
        if file.exists() and not file.is_file():  # a pipe, a terminal: there is nothing to replace
            file.write_text(text, encoding="utf-8")
            return
        target = file.resolve()  # a link stays one
        written = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            written.write_text(text, encoding="utf-8")
            if target.exists():
                written.chmod(target.stat().st_mode & 0o7777)
            written.replace(target)
        finally:
            written.unlink(missing_ok=True)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", code="FILE_NOT_WRITABLE") from error


def as_json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def ended(text: str) -> str:
    return text if text.endswith("\n") else text + "\n"
