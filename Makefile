# Pokea: one target an intent. `make help` lists them.
SHELL := bash
.NOTPARALLEL:
.DEFAULT_GOAL := help

VENV ?= .venv
BIN := $(VENV)/bin
export VENV

PORT ?= 8000
SIM_PORT ?= 8001
SOURCES := src tests tools $(wildcard bench examples)

.PHONY: help setup demo test check bench chaos mutations fuzz format docs site lock web package clean develop

help: ## List what can be done here
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv with the pinned packages, Pokea and its pages (the first run takes a minute)
	@tools/install run
	@tools/web build

demo: setup ## Run the service and the simulator together, and print where to look
	@exec $(BIN)/pokea demo --port $(PORT) --sim-port $(SIM_PORT) $(ARGS)

test: develop ## Run every test, on SQLite and on a real PostgreSQL
	@tools/test $(ARGS)

check: develop ## Check style, types, import directions, house rules and the generated docs
	@tools/check

bench: develop ## Measure, and print ratios taken in the same run
	@$(BIN)/python -m bench $(ARGS)

chaos: develop ## Kill processes and servers under load for minutes, and hold the books against the truth
	@$(BIN)/python -m tests.system.chaos $(ARGS)

mutations: develop ## Break the code on purpose in some fifty ways, and see the universes notice each
	@$(BIN)/python -m tests.mutations $(ARGS)

fuzz: develop ## Feed every parser of what comes from outside for ten minutes
	@$(BIN)/python -m tests.fuzz $(ARGS)

format: develop ## Format the code and sort its imports
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

docs: develop ## Write docs/codes.md, decisions.md, doctor.md, errors.md, events.md, schemas, metrics.md, settings.md, states.md, the README's map and the clients' types
	$(BIN)/python -m tools.reference
	tools/web schema

site: develop ## Build the docs as a site in dist/site, with its search; it asks no other site for anything
	$(BIN)/zensical build --clean --strict

lock: develop ## Pin the newest fitting versions in the lock files, with hashes
	tools/lock $(ARGS)

web: setup ## Build the pages

package: setup ## Pack the npm packages @pokea/checkout and @pokea/client into dist/
	@tools/web pack

clean: ## Remove what was installed and built
	rm -rf $(VENV) .cache dist build web/node_modules src/pokea/pages
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +

develop: setup ## Also install what tests and checks need: PostgreSQL, linters, a browser
	@tools/install develop
	@tools/chromium >/dev/null || true
