"""The router's command line: `python -m router compose | check | lint | plan | serve | config-schema`.

One module per command. Exit status: 0 done, 1 the input is wrong (reasons on standard error), 2 the command line is
wrong, 130 interrupted.
"""

import argparse
import sys
from collections.abc import Sequence

from router.commands.check import add_check
from router.commands.compose import add_compose
from router.commands.files import as_json
from router.commands.lint import add_lint
from router.commands.plan import add_plan
from router.commands.serve import add_config_schema, add_serve
from router.errors import RouterError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except RouterError as error:
        if getattr(options, "json", False):
            sys.stdout.write(as_json({"errors": [{"code": error.code, "message": error.message}]}))
        else:
            sys.stderr.write(f"{error.code}: {error}\n")
        return 1
    except BrokenPipeError:  # the reader of our output had enough
        sys.stderr.close()
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="python -m router", description="A GraphQL federation router.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for add in (add_compose, add_check, add_lint, add_plan, add_serve, add_config_schema):
        add(commands)
    return root
