# The two commands: `make demo` shows the main job, `make test` runs every test. Both install what they need.

UV_VERSION := 0.13.9
# Tools that pin many versions run in environments of their own; src/cli/tools.py names the first two as well (tested).
SAM_PACKAGE := aws-sam-cli==1.170.0
MINISTACK_PACKAGE := ministack[full]==1.5.33
CHECKOV_PACKAGE := checkov==3.3.30

CODE := src dev bench tests
BIN := .venv/bin
UV := $(BIN)/uv
PYTHON := $(shell for p in python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v "$$p"; break; }; done)
TOOL := $(UV) tool run --python $(BIN)/python --from
# Validating asks AWS nothing, but sam wants a region and credentials to be there.
NO_AWS := env -u AWS_ENDPOINT_URL -u AWS_PROFILE AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \
	AWS_DEFAULT_REGION=us-east-1 SAM_CLI_TELEMETRY=0

# On every core; the end-to-end tests share one local cloud, which needs the cores itself.
UNIT_TESTS := $(BIN)/pytest -m 'not e2e' --numprocesses auto --dist worksteal

PYTHON_SIM = PYTHONPATH=src:. $(BIN)/python -m tests.simulation

export PYTHONPATH :=
CHECK_TESTS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test up down check lint artifacts bench deploy bundles clean sim sim-mutants addon

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: .venv/.ready ## Install everything into .venv (and the tools into uv's cache)

# One stamp for all of it: a change of the lock file, or of the versions above, installs again.
.venv/.ready: pyproject.toml uv.lock Makefile
	@test -n "$(PYTHON)" || { echo "Dealwire needs Python 3.11 or newer: install python3.11 and its venv module" >&2; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv || \
		{ echo "$(PYTHON) has no venv module: install it (Debian: python3-venv)" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(UV) sync --frozen --quiet --inexact --python $(BIN)/python
	@$(TOOL) '$(SAM_PACKAGE)' python -c ''
	@$(TOOL) '$(MINISTACK_PACKAGE)' python -c ''
	@touch $@

demo: setup ## Deploy to a local cloud, fire the sample webhooks, show the deals, leave nothing running
	@$(BIN)/dealwire demo

test: setup ## Run all tests, the end-to-end ones on the local cloud included
	@$(UNIT_TESTS)
	@$(BIN)/pytest -m e2e

up: setup ## Deploy to a local cloud and keep it running
	@$(BIN)/dealwire up

down: setup ## Stop the local cloud
	@$(BIN)/dealwire down

check: setup lint artifacts ## Run every gate: format, lint, types, rooms, drift, tests, template, artifacts
ifeq ($(CHECK_TESTS),1)
	@$(UNIT_TESTS)
endif

lint: setup
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python dev/bundles.py --check
	$(NO_AWS) $(TOOL) '$(SAM_PACKAGE)' sam validate --lint --config-env prod
	$(TOOL) '$(CHECKOV_PACKAGE)' checkov --file template.yaml --framework cloudformation \
		--skip-download --compact --quiet

artifacts: setup
	$(BIN)/python dev/check_artifacts.py

bundles: setup ## Write bundles/ from uv.lock and the handlers' imports
	$(BIN)/python dev/bundles.py

SEEDS ?= 500
FROM ?= 0

sim: setup ## Run the simulation: SEEDS=n seeds from FROM=m; the last line is one JSON object
	@$(PYTHON_SIM) --seeds $(SEEDS) --from $(FROM)

sim-mutants: setup ## Break each rule of delivery once: the simulation must notice, within 500 seeds
	@$(PYTHON_SIM) --mutants

addon: setup ## Build the SuiteCRM add-on, dist/dealwire-suitecrm-VERSION.zip
	@PYTHONPATH=src:. $(BIN)/python -m dev.addon_zip

bench: setup ## Measure; the last line is one JSON object
	@$(BIN)/python -m bench

deploy: setup ## Build and deploy to AWS with your own profile (samconfig.toml, prod)
	PATH="$(CURDIR)/$(BIN):$$PATH" $(TOOL) '$(SAM_PACKAGE)' sam build --config-env prod
	PATH="$(CURDIR)/$(BIN):$$PATH" $(TOOL) '$(SAM_PACKAGE)' sam deploy --config-env prod

clean: ## Remove everything that was built or installed here
	@test ! -x $(BIN)/dealwire || $(BIN)/dealwire down
	rm -rf .venv .aws-sam .dealwire
