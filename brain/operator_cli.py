"""``brain operator``: those who run the platform, made and ended at the machine. The subgraphs' own commands do it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from brain.config import BrainSettings, ConfigError, load_settings

operator_app = typer.Typer(
    help="Those who run the platform: what is of all tenants together is theirs to see.", no_args_is_help=True
)
DataDir = Annotated[Path | None, typer.Option("--data-dir", help="Folder of all data (BRAIN_DATA_DIR).")]
Name = Annotated[str, typer.Argument(help="What the operator is called, for instance an e-mail address.")]


@operator_app.command()
def add(
    name: Name,
    scope: Annotated[
        list[str] | None, typer.Option("--scope", help="What they may: platform:analytics, if left out.")
    ] = None,
    days: Annotated[int, typer.Option("--days", help="How long the key is good; at most 366.")] = 90,
    data_dir: DataDir = None,
) -> None:
    """Make an operator, and print the key: it is shown once."""
    scopes = [part for each in scope or () for part in ("--scope", each)]
    _run(data_dir, "add", *scopes, "--days", str(days), "--", name)


@operator_app.command()
def revoke(name: Name, data_dir: DataDir = None) -> None:
    """End an operator's key; the next request with it is refused."""
    _run(data_dir, "revoke", "--", name)


@operator_app.command("list")
def list_operators(data_dir: DataDir = None) -> None:
    """Show who there is and was."""
    _run(data_dir, "list")


@operator_app.command()
def audit(data_dir: DataDir = None) -> None:
    """Show who was added and revoked, and by whom; and how often keys were used, by the hour."""
    _run(data_dir, "audit")


def _run(data_dir: Path | None, *arguments: str) -> None:
    """Have the command done with the log-in of the tables' owner."""
    settings = load_settings(data_dir=data_dir)
    environment = {**os.environ, "BRAIN_DATABASE_URL": settings.database_url or _own_database(settings)}
    command = [sys.executable, "-m", "subgraphs", "operators", *arguments]
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603 - our own module


def _own_database(settings: BrainSettings) -> str:
    """The URL of the PostgreSQL that `brain up` runs on the data folder."""
    from brain.embedded.data_folder import find_data_folder  # noqa: PLC0415 - loaded by whom it concerns
    from brain.embedded.postgres import PostgresServer  # noqa: PLC0415

    folder = find_data_folder(settings.data_dir)
    port = None if folder is None else folder.noted_port("postgres")
    if folder is None or port is None or folder.supervisor() is None:
        raise ConfigError(f"Nothing runs on {settings.data_dir}: `brain up` there, or set BRAIN_DATABASE_URL.")
    return PostgresServer(folder.server_folder("postgres"), port, folder.secret("postgres")).url
