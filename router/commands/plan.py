"""`python -m router plan`: how an operation would be fetched."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from graphql import parse

import router
from router.commands.files import as_json, ended, read_text
from router.errors import OperationError
from router.graph.supergraph import Supergraph
from router.planner import normalize, query_graph, render, stages
from router.planner.cost_estimate import estimate_cost
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
    plan.add_argument("--cost", action="store_true", help="print only what the operation costs, by estimate")
    plan.add_argument("--variables", metavar="JSON", type=variables, default={}, help="to estimate the cost with")
    plan.add_argument("--list-size", metavar="N", type=int, default=10, help="of lists without @listSize (default: 10)")
    plan.set_defaults(run=run_plan)


def variables(text: str) -> dict[str, Any]:
    """The JSON object of an argument."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from error
    if not isinstance(given, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is no JSON object")
    return given


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
    if options.cost:
        return print_cost(text, supergraph, view, options)
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


def print_cost(text: str, supergraph: Supergraph, view: router.View | None, options: argparse.Namespace) -> int:
    """Print what an operation costs with the variables that are given; 1 if they do not fit, or leave it open."""
    from router.server.operations import api_schema_of  # noqa: PLC0415  a plan needs nothing of the server
    from router.server.variables import compile_variables  # noqa: PLC0415

    hidden = view.hidden if view else frozenset()
    operation = normalize(parse(text), options.operation_name, supergraph, hidden)
    declared = compile_variables(view.schema if view else api_schema_of(supergraph), operation.variables)
    problems = [f"${each.variable}: {each.message}" for each in declared.problems(options.variables)]
    cost, values = estimate_cost(operation, supergraph, options.list_size), declared.values(options.variables)
    unclear = None if problems else cost.unclear(values)
    if unclear is not None:
        problems = [f"{unclear.coordinate}: give exactly one argument of: {', '.join(unclear.names)}"]
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    if not problems:
        sys.stdout.write(f"{cost.estimate(values):g}\n")
    return 1 if problems else 0
