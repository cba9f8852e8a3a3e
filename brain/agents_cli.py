"""``brain agents``: what can be seen of integrations and agents without a running Brain."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

agents_app = typer.Typer(help="Integrations and agents.", no_args_is_help=True)


@agents_app.callback()
def _agents() -> None:
    """Integrations and agents."""


@agents_app.command()
def catalogue(
    name: Annotated[str | None, typer.Argument(help="An integration or an agent; all if left out.")] = None,
    counts: Annotated[bool, typer.Option("--counts", help="Only how many there are.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, all of it.")] = False,
    page: Annotated[bool, typer.Option("--page", help="As the reference page of the documentation.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
) -> None:
    """Show which integrations and agents there are."""
    from brain.catalogue import load_catalogue  # noqa: PLC0415 - reads 40 files
    from brain.catalogue.export import counts_text, details, document_json  # noqa: PLC0415
    from brain.catalogue.reference_page import reference_page  # noqa: PLC0415

    everything = load_catalogue()
    if as_json or page:
        text = document_json(everything) if as_json else reference_page(everything)
        if out is None:
            sys.stdout.write(text)
        else:
            out.write_text(text, encoding="utf-8")
        return
    if counts:
        sys.stdout.write(counts_text(everything) + "\n")
        return
    if name is not None:
        try:
            sys.stdout.write(details(everything, name) + "\n")
        except KeyError:
            Console(stderr=True).print(
                f"[bold red]error:[/] there is no integration or agent {name!r}; `brain agents catalogue` lists them"
            )
            raise typer.Exit(1) from None
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("integration", "agents", "operations", "category", "authenticated by"):
        table.add_column(heading, justify="right" if heading in {"agents", "operations"} else "left")
    for integration in everything.integrations.values():
        table.add_row(
            integration.name,
            str(integration.pattern),
            str(len(integration.operations)),
            integration.category,
            integration.auth.scheme,
        )
    console = Console(highlight=False)
    console.print(table)
    platform = [agent.name for agent in everything.agents.values() if agent.integration is None]
    console.print(f"\nof the platform: {', '.join(platform)}", soft_wrap=True)
    console.print(f"{len(everything.integrations)} integrations, {len(everything.agents)} agents")


@agents_app.command()
def crews(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with those of integrations.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
) -> None:
    """Print the reference page of crews: their tasks, tools, rules and grants."""
    from brain.crews import load_crews  # noqa: PLC0415 - reads files
    from brain.crews.export import crews_json  # noqa: PLC0415
    from brain.crews.reference_page import crews_page  # noqa: PLC0415
    from brain.integrations import all_crews  # noqa: PLC0415

    text = crews_json(all_crews()) if as_json else crews_page(load_crews())
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


@agents_app.command()
def score(
    lead: Annotated[str | None, typer.Argument(help="Id of the lead; an open one if left out.")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Approve what the run proposes.")] = False,
    email: Annotated[str, typer.Option("--email", help="Who asks.")] = "ada@acme.example",
    password: Annotated[str | None, typer.Option("--password", help="A demo user's own if left out.")] = None,
    url: Annotated[str | None, typer.Option("--url", help="Of the Brain, if not the local one.")] = None,
    data_dir: Annotated[Path | None, typer.Option("--data-dir", help="Folder of all data (BRAIN_DATA_DIR).")] = None,
) -> None:
    """Have a crew score a lead through the running Brain, and tell the run's story."""
    from brain.cli_client import log_in, running_url  # noqa: PLC0415
    from brain.run_story import RunStory  # noqa: PLC0415

    console = Console(highlight=False, markup=False, soft_wrap=True)
    address = url or running_url(data_dir)
    story = RunStory(address, log_in(address, email, password), console.print)
    chosen = lead or story.open_lead()
    if chosen is None:
        Console(stderr=True).print("[bold red]error:[/] there is no open lead; name one")
        raise typer.Exit(1)
    run = story.score(chosen)
    if run is None or story.follow(run, approve=approve) not in {"SUCCEEDED", "WAITING_FOR_APPROVAL"}:
        raise typer.Exit(1)
