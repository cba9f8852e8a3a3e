"""Writes the pages of codes: `python -m tests.error_pages docs/errors`."""

import logging
import sys
from pathlib import Path

from tests.error_pages.pages import pages


def main(folder: Path) -> None:
    """Writes the pages, and deletes those of codes that are no more."""
    logging.disable()  # faults are asked for here
    written = pages()
    for old in folder.glob("*.md"):
        if old.name != "index.md" and old.name not in written:
            old.unlink()
    for name, text in written.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
