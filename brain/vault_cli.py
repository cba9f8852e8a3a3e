"""``brain vault``: what an administrator does with the Vault."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from brain.config import BrainSettings, ConfigError, load_settings

if TYPE_CHECKING:
    import hvac

vault_app = typer.Typer(help="The Vault, which keeps all secrets.", no_args_is_help=True)
TOKEN_VARIABLE = "VAULT_TOKEN"  # noqa: S105 - the name that the Vault's own programs use
AdminFolder = Annotated[
    Path | None,
    typer.Option(
        "--admin-folder",
        help="Of a Vault of our own: where its root token is; the first time it is initialised and the token put here. "
        f"Without it, {TOKEN_VARIABLE} is an administrator's token.",
    ),
]
Only = Annotated[str | None, typer.Option("--only", help="Names of contexts, with commas; all if left out.")]


@vault_app.command()
def setup(
    roles_folder: Annotated[Path, typer.Option("--roles-folder", help="Where each role's files go, <role>/secret_id.")],
    admin_folder: AdminFolder = None,
) -> None:
    """Make mounts, policies and roles, and the files that the services log in with. May be run again at any time."""
    from brain.embedded.stack import subgraph_names  # noqa: PLC0415
    from brain.vault.policies import roles  # noqa: PLC0415
    from brain.vault.setup import set_up  # noqa: PLC0415

    settings = load_settings()
    names = roles(subgraph_names(settings.supergraph))
    with _told():
        set_up(_admin(settings, admin_folder), names, roles_folder)
    Console().print(f"{settings.vault_address} is set up for {', '.join(names)}", highlight=False, soft_wrap=True)


@vault_app.command()
def database(admin_folder: AdminFolder = None, only: Only = None) -> None:
    """Let the Vault make log-ins to PostgreSQL for every context, which must be migrated. May be run again."""
    from brain.embedded.stack import subgraph_names  # noqa: PLC0415
    from brain.vault.database import set_up_database  # noqa: PLC0415

    settings = load_settings()
    if settings.database_url is None:
        raise ConfigError("BRAIN_DATABASE_URL is not set.")
    names = only.split(",") if only else subgraph_names(settings.supergraph)
    with _told():
        set_up_database(_admin(settings, admin_folder), settings.database_url, names)
    Console().print(f"the Vault logs in {', '.join(names)}", highlight=False, soft_wrap=True)


@vault_app.command()
def keep(only: Only = None) -> None:
    """Keep the contexts' log-ins to PostgreSQL good, each in its file (BRAIN_DATABASE_CREDENTIALS_FILE)."""
    from brain.embedded.stack import subgraph_names  # noqa: PLC0415
    from brain.vault.lease_keeper import LeaseKeeper  # noqa: PLC0415
    from brain.vault.lease_keeper import keep as keep_all  # noqa: PLC0415
    from brain.vault.policies import subgraph_role  # noqa: PLC0415
    from vault.client import Vault  # noqa: PLC0415

    settings = load_settings()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    pattern = settings.database_credentials_file
    if pattern is None:
        raise ConfigError("BRAIN_DATABASE_CREDENTIALS_FILE is not set.")
    keepers = []
    with _told():
        for name in only.split(",") if only else subgraph_names(settings.supergraph):
            file = Path(str(pattern).replace("{name}", name))
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            keepers.append(LeaseKeeper(Vault.access_from_settings(settings, subgraph_role(name)), name, file))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    keep_all(keepers, stop)


@vault_app.command()
def rotate(
    key: Annotated[str, typer.Argument(help="The key's name, <role>.<purpose>, such as subgraph-crm.pii.")],
    admin_folder: AdminFolder = None,
) -> None:
    """Give a key for encryption a new version; what was encrypted before stays readable."""
    from brain.vault.setup import rotate_key  # noqa: PLC0415

    with _told():
        version = rotate_key(_admin(load_settings(), admin_folder), key)
    Console().print(f"{key} is at version {version}", highlight=False)


@contextmanager
def _told() -> Iterator[None]:
    """Make what the Vault refuses a message without a trace."""
    from vault.errors import VaultError  # noqa: PLC0415

    try:
        yield
    except VaultError as error:
        raise ConfigError(str(error)) from error


def _admin(settings: BrainSettings, admin_folder: Path | None) -> "hvac.Client":
    from brain.vault.setup import admin_client, initialise  # noqa: PLC0415

    if settings.vault_address is None:
        raise ConfigError("BRAIN_VAULT_ADDRESS is not set.")
    token = os.environ.get(TOKEN_VARIABLE)
    if admin_folder is not None:
        token = initialise(settings.vault_address, admin_folder)
    if not token:
        raise ConfigError(f"Give an administrator's token as {TOKEN_VARIABLE}, or --admin-folder.")
    return admin_client(settings.vault_address, token, settings.vault_ca_file)
