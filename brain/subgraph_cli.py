"""`brain subgraph`: subgraphs that are not ours."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from brain.config import BrainSettings, ConfigError, load_settings, variable

__all__ = ["subgraph_app"]

subgraph_app = typer.Typer(help="Subgraphs that are not ours.", no_args_is_help=True)


@subgraph_app.callback()
def _group() -> None:
    """Let `pull` be named, though it is the only one."""


@subgraph_app.command()
def pull(
    name: Annotated[str, typer.Argument(help="The subgraph: saleor.")],
    url: Annotated[
        str | None, typer.Option("--url", help="Its GraphQL address; else as the settings say, or the one that runs.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the schema there, instead of keeping it for the Brain.")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Folder of all data (BRAIN_DATA_DIR).")] = None,
) -> None:
    """Ask a running subgraph for its schema, and compose it with the platform's own.

    What composes is kept for the Brain's next start; one that runs finds it by itself.
    """
    from brain.embedded.data_folder import find_data_folder  # noqa: PLC0415 - loaded by whom it concerns
    from brain.embedded.process import EmbeddedError  # noqa: PLC0415
    from brain.saleor import NAME  # noqa: PLC0415
    from brain.saleor.compose import composed  # noqa: PLC0415
    from brain.saleor.schema_store import SchemaStore, normal  # noqa: PLC0415
    from router import RouterError, introspect  # noqa: PLC0415

    if name != NAME:
        raise ConfigError(f"{name!r} is no subgraph that can be pulled; there is {NAME}.")
    settings = load_settings(data_dir=data_dir)
    if data_dir is not None and out is None and find_data_folder(data_dir) is None:
        raise EmbeddedError(f"There is no data in {data_dir} yet: `brain up --data-dir {data_dir}` makes it.")
    store = SchemaStore(settings.data_dir / NAME, settings.supergraph)
    try:
        sdl = normal(introspect(url or _address(settings), generation="federation-1", where=name))
        result = composed(store.config, sdl)
    except RouterError as error:
        raise ConfigError(str(error)) from error
    if not isinstance(result, str):
        raise ConfigError("\n".join(["It does not compose with the platform's own subgraphs:", *result]))
    console = Console()
    if out is not None:
        out.write_text(sdl, encoding="utf-8")
        console.print(f"{len(sdl):,} bytes, which compose, are in {out}", highlight=False, soft_wrap=True)
        return
    store.keep(sdl, result)
    console.print(f"{len(sdl):,} bytes, which compose, are kept for the Brain", highlight=False, soft_wrap=True)


def _address(settings: BrainSettings) -> str:
    """Where the schema is told: as the settings say, or by the stand-in that runs."""
    from brain.embedded.data_folder import find_data_folder  # noqa: PLC0415
    from brain.saleor import NAME, stand_in_settings  # noqa: PLC0415
    from brain.saleor.part import schema_url  # noqa: PLC0415

    url = schema_url(settings)
    folder = find_data_folder(settings.data_dir) if url is None else None
    port = None if folder is None else folder.noted_port(NAME)
    if port is not None:
        url = str(stand_in_settings(port)["saleor_schema_url"])
    if url is None:
        raise ConfigError(
            f"No shop runs on {settings.data_dir}: give --data-dir if the platform has another folder, or --url, or "
            f"set {variable('saleor_url')}."
        )
    return url
