"""`python -m brain.graphiql fetch`: bring GraphiQL's files."""

import argparse
import sys
from pathlib import Path

from brain.graphiql.package import PACKAGE
from brain.graphiql.vendoring import FetchFailed, fetch


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 if the files are there afterwards, 1 with the reason on standard error if not."""
    parser = argparse.ArgumentParser(prog="python -m brain.graphiql", description=__doc__)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("fetch", help=f"bring {PACKAGE.spec}, unless it is there")
    command.add_argument("--data-dir", type=Path, help="where to put the files if the installation cannot be written")
    command.add_argument("--force", action="store_true", help="bring them also if they are there")
    options = parser.parse_args(arguments)
    try:
        folder = fetch(options.data_dir, force=options.force)
    except FetchFailed as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"GraphiQL is in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
