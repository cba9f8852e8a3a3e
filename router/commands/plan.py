"""`python -m router plan`: how an operation would be fetched."""

import argparse
import sys
from pathlib import Path

from graphql import parse

import router
from router.commands.files import as_json, ended, read_text
from router.errors import OperationError
from router.planner import query_graph, render, stages
from router.planner.render_stages import stage_json, stage_text

__all__ = ["add_plan"]

STAGES = ("normalize", "cover", "fetches", "plan")


def add_plan(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    plan = commands.add_parser("plan", help="show how an operation would be fetched")
    plan.add_argument("--supergraph", required=True, metavar="FILE")
    plan.add_argument("--operation", required=True, metavar="FILE", help="a document; - reads standard input")
    plan.add_argument("--operation-name", metavar="NAME", help="which one, if the document has several")
    plan.add_argument("--labels", default="", metavar="A,B", help="override labels that are on")
    plan.add_argument("--view", metavar="NAME", help="as its clients would get it: NAME.toml among the contracts")
    plan.add_argument("--contracts", metavar="DIR", help="where those are (default: contracts, beside the supergraph)")
    plan.add_argument("--stage", choices=STAGES, default="plan", help="show this stage of planning (default: plan)")
    plan.add_argument("--format", choices=("text", "json", "mermaid"), default="text", help="form of the plan")
    plan.add_argument("--explain", action="store_true", help="say why the plan is as it is, as text or JSON")
    plan.add_argument("--shape", action="store_true", help="print only the plan's measures, as JSON")
    plan.set_defaults(run=run_plan)


def run_plan(options: argparse.Namespace) -> int:
    if options.stage != "plan" and (options.shape or options.format == "mermaid"):
        sys.stderr.write(f"Only the plan has {'a shape' if options.shape else 'a Mermaid form'}: leave out --stage.\n")
        return 2
    if options.explain and (options.stage != "plan" or options.shape or options.format == "mermaid"):
        sys.stderr.write("--explain is of the whole plan, as text or JSON: leave out --stage, --shape and mermaid.\n")
        return 2
    text = sys.stdin.read() if options.operation == "-" else read_text(Path(options.operation))
    supergraph = router.load_supergraph(read_text(Path(options.supergraph)))
    labels = frozenset(label for label in options.labels.split(",") if label)
    view = None
    if options.view:
        folder = Path(options.contracts) if options.contracts else Path(options.supergraph).parent / "contracts"
        view = router.view_of(router.load_contract(folder / f"{options.view}.toml"), supergraph)
    try:
        query_plan = router.plan(text, supergraph, operation_name=options.operation_name, labels=labels, view=view)
    except OperationError as error:
        places = "".join(f"  at {place['line']}:{place['column']}\n" for place in error.locations)
        sys.stderr.write(f"{error.code}: {error}\n{places}")
        return 1
    if options.explain:
        reasons = router.explain(text, supergraph, operation_name=options.operation_name, labels=labels, view=view)
        sys.stdout.write(as_json(reasons.as_json()) if options.format == "json" else reasons.as_text())
    elif options.shape:
        sys.stdout.write(as_json(render.shape(query_plan)))
    elif options.stage != "plan":
        document = parse(text)  # `plan` above has found it valid
        results = dict(
            zip(
                STAGES,
                stages(
                    document,
                    options.operation_name,
                    supergraph,
                    labels,
                    view.hidden if view else frozenset(),
                    incremental=True,
                ),
                strict=True,
            )
        )
        result, graph = results[options.stage], query_graph(supergraph, labels)
        if options.format == "json":
            sys.stdout.write(as_json(stage_json(result, graph)))
        else:
            sys.stdout.write(ended(stage_text(result, graph)))
    elif options.format == "json":
        sys.stdout.write(as_json(render.as_json(query_plan)))
    elif options.format == "mermaid":
        sys.stdout.write(ended(render.as_mermaid(query_plan)))
    else:
        sys.stdout.write(ended(render.as_text(query_plan)))
    return 0
