"""The router's command line: `python -m router compose | check | lint | plan | serve | config-schema`.

One module per command. Exit status: 0 done, 1 the input is wrong (reasons on standard error), 2 the command line is
wrong, 130 interrupted.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from router.commands.files import as_json
from router.errors import RouterError

__all__ = ["main"]

_MODULES = {
    "compose": "compose",
    "check": "check",
    "lint": "lint",
    "plan": "plan",
    "serve": "serve",
    "config-schema": "serve",
}
"""Where each command is: `add_<command>` in that module."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser(given[:1]).parse_args(given)
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


def parser(wanted: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The command line; of the wanted command alone where it is one, so that the others' modules are not loaded."""
    root = argparse.ArgumentParser(prog="python -m router", description="A GraphQL federation router.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for name in [name for name in wanted if name in _MODULES] or _MODULES:
        module = importlib.import_module(f"router.commands.{_MODULES[name]}")
        getattr(module, f"add_{name.replace('-', '_')}")(commands)
    return root
