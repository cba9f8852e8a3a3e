"""A context that `brain new-context` makes works as it stands, in a copy of this repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NAME = "orchards"

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git to tell what belongs to the repository")


def run(copy: Path, *arguments: str) -> str:
    """What Python says with these arguments, run in the copy with its code."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("BRAIN_", "PYTEST_"))}
    done = subprocess.run(
        (sys.executable, *arguments),
        cwd=copy,
        env={**environment, "PYTHONPATH": str(copy)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The repository with one context more."""
    folder = tmp_path_factory.mktemp("copy") / "repository"
    listed = ("git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard")
    for name in subprocess.run(listed, stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines():
        if (ROOT / name).is_file():  # not what was deleted and is not committed yet
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    said = run(folder, "-m", "brain.cli", "new-context", NAME)
    assert f"subgraphs/{NAME}/schema.py" in said
    yield folder
    shutil.rmtree(folder)


def test_it_passes_the_checks(copy: Path) -> None:
    run(copy, "-m", "ruff", "check", "--no-cache", ".")
    run(copy, "-m", "ruff", "format", "--no-cache", "--check", ".")
    if (ROOT / ".mypy_cache").is_dir():  # what has not changed need not be looked at again
        shutil.copytree(ROOT / ".mypy_cache", copy / ".mypy_cache")
    run(copy, "-m", "mypy", "-p", f"subgraphs.{NAME}")
    lint_imports = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    assert "0 broken" in run(copy, "-c", lint_imports, "--no-cache")
    run(copy, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", "docker-compose.yml")
    run(copy, "-m", "router", "lint", "--config", "schema/supergraph.yaml")
    assert f'@join__graph(name: "{NAME}"' in (copy / "schema" / "supergraph.graphql").read_text()


def test_its_tests_pass_and_those_that_hold_for_every_context(copy: Path) -> None:
    everyone = ("context_required", "entity_scopes", "row_level_security", "main", "generated_operations", "events")
    tests = [f"tests/subgraphs/test_{name}.py" for name in everyone]
    chosen = f"{NAME} or sdl or all_contexts or schemas or compose"
    tests += [f"tests/subgraphs/{NAME}", "tests/deploy/test_compose.py"]
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, *tests)
    assert " passed" in said
    assert "failed" not in said
