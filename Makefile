# Everything there is to do, in one place. `make help` prints it; each CI step is one of these.

PYTHON ?= python3
HOURS ?= 24
# laptop: processes of this machine. compose: the same platform in containers, from the image that production runs.
STACK ?= laptop
# SETTINGS: Compose does not see that a mounted file has changed, and would leave containers on the settings of before.
COMPOSE = REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) SETTINGS=$$(cksum <.env) docker compose
RUN = .venv/bin/python
BOOTSTRAP = $(PYTHON) local/stack/bootstrap.py

# Some images set it; without bytecode each of the stack's processes compiles Airflow anew, 10 s of a core each time.
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help env environments up down status logs clean environment manifest provision drift check format types sql imports containers \
	firehose-audit firehose-preview doctor new-query docs docs-check test test-apart test-together test-fast test-integration test-slow test-compose drill-compose bench bench-orchestration bench-callbacks bench-meta-page bench-history bench-image bench-browser lock

help: ## Print this
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

# --- The local stack -------------------------------------------------------------------------------------------------

env: ## Write .env: settings to change, and secrets that are made up
	@$(PYTHON) -m local.stack.dotenv

# Each of these is `make VERB` for processes of this machine and `make VERB STACK=compose` for containers.
ifeq ($(STACK),compose)
up: env
	@$(PYTHON) -m local.stack.containers
	@$(COMPOSE) up --build --detach
	@$(COMPOSE) logs --follow --no-log-prefix first-run
	@exit $$($(COMPOSE) wait first-run)

down:
	@$(COMPOSE) --profile '*' down

status:
	@$(COMPOSE) ps --all --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}'

logs:
	@$(COMPOSE) logs --follow --tail 20 $(ONLY)

clean:
	@$(COMPOSE) --profile '*' down --volumes
else
up: ## Start everything, run every pipeline once, say what there is and where (STACK=compose: in containers)
	@$(BOOTSTRAP) local.stack up

down: ## Stop everything; the data stays
	@$(BOOTSTRAP) local.stack down

status: ## Say what runs
	@$(BOOTSTRAP) local.stack status

logs: ## Follow the logs: all, or those named in ONLY="scheduler airbyte"
	@$(BOOTSTRAP) local.stack logs $(ONLY)

clean: ## Stop everything and remove its data
	@$(BOOTSTRAP) local.stack clean
endif

environment: ## Print the stack's environment for a shell: eval "$$(make --silent environment)"
	@$(BOOTSTRAP) local.stack environment

environments: ## Make the virtual environments, nothing else
	@$(BOOTSTRAP)

# --- Parts -----------------------------------------------------------------------------------------------------------

manifest: environments ## Build the dbt manifest that the DAGs read
	@$(RUN) -m include.transform.manifest

provision: ## Make Airbyte equal to include/sources
	@eval "$$($(BOOTSTRAP) local.stack environment)" && $(RUN) -m include.airbyte.provision

drift: ## Say where Airbyte differs from include/sources (exit code 2 if it does)
	@eval "$$($(BOOTSTRAP) local.stack environment)" && $(RUN) -m include.airbyte.provision --check

firehose-audit: ## Compare Airflow's history, the outbox and Slack: what is unaccounted for in the last HOURS=24
	@eval "$$($(BOOTSTRAP) local.stack environment)" && $(RUN) -m include.firehose audit --hours $(HOURS)

firehose-preview: ## Post every message design with sample data to the local Slack
	@eval "$$($(BOOTSTRAP) local.stack environment)" && $(RUN) -m include.firehose preview --post >/dev/null

doctor: ## Say what keeps the meta layer from answering, and the statement that mends it
	@eval "$$($(BOOTSTRAP) local.stack environment)" && $(RUN) -m include.metalayer.doctor

new-query: environments ## Begin a question to Snowflake: make new-query NAME=sleeping_warehouses
	@$(RUN) -m include.metalayer.new_query $(NAME)

# --- Checks ----------------------------------------------------------------------------------------------------------

check: environments format types sql imports containers docs-check ## All checks that need no running part

format:
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .

types:
	@.venv/bin/mypy

sql:
	@.venv/bin/sqlfluff lint --processes 2 --disable-progress-bar dbt/models dbt/tests
	@.venv/bin/sqlfluff lint --templater raw --exclude-rules ST06,AM02,AM03,AM06,RF04 --disable-progress-bar include/metalayer/queries

imports:
	@.venv/bin/lint-imports --no-logo 2>/dev/null || .venv/bin/lint-imports

containers:
	@.venv/bin/hadolint Dockerfile
	@.venv/bin/shellcheck .ci/run deploy/*/*.sh tests/compose/*.sh
	@.venv/bin/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose.yaml docker-compose.edit.yaml
	@.venv/bin/docker-compose --env-file .env.example config --quiet

docs: manifest ## Write the generated pages of docs/
	@$(RUN) -m docs.generate

docs-check: manifest
	@$(RUN) -m docs.generate --check

# Tests whose files share no program, each with parts of its own: they run side by side.
APART = tests/contracts tests/integration/firehose

test: environments manifest ## All tests but the slow ones (a year of data, repeated kills)
	@$(MAKE) --no-print-directory --jobs 2 --keep-going test-apart test-together

test-apart:
	@$(RUN) -m pytest -m "not slow" --numprocesses 2 --dist loadfile $(APART)

# One session for each platform that is started: it ends with its session, and leaves the cores to the next.
STARTING = tests/integration/transform tests/integration/metalayer

test-together:
	@status=0; \
	for part in "tests/unit tests/dags" $(STARTING) "tests/integration $(STARTING:%=--ignore %)"; do \
		$(RUN) -m pytest -m "not slow" $(APART:%=--ignore %) $$part || status=$$?; \
	done; exit $$status

test-fast: environments manifest ## Tests that start no program
	@$(RUN) -m pytest tests/unit tests/dags

test-slow: environments manifest ## The slow tests; those of the pages need Chromium (apt-get install chromium)
	@$(RUN) -m pytest -m slow --ignore tests/compose

test-compose: environments ## The platform in containers, built and started; needs an engine, or root with docker.io and debootstrap
	@$(RUN) -m pytest -m "not slow" tests/compose

drill-compose: environments ## Containers killed, restarted, restored, with Celery's workers, and started wrongly (an hour)
	@$(RUN) -m pytest -m slow tests/compose

bench: environments manifest ## The whole pipeline against plain `dbt build`, as a ratio
	@$(RUN) -m bench.pipeline

bench-orchestration: environments ## What a run costs beside its dbt, at 31, 360 and 2,000 nodes, against what else there is
	@$(RUN) -m bench.orchestration && $(RUN) -m bench.report

bench-callbacks: environments ## What a task pays for telling the firehose, healthy and with the outbox black-holed
	@$(RUN) -m bench.callbacks && $(RUN) -m bench.report

bench-browser: environments ## How soon Airflow's pages show in a browser while 2,000 tasks run
	@$(RUN) -m bench.browser && $(RUN) -m bench.report

bench-meta-page: environments ## How long the meta layer's page takes when every answer has 10,000 rows
	@$(RUN) -m bench.meta_page

bench-history: environments ## What each question costs with a million recorded statements and ten thousand tables
	@$(RUN) -m bench.history

bench-image: environments ## What the images weigh and how long they are built
	@$(RUN) -m bench.image

# --- Pins ------------------------------------------------------------------------------------------------------------

COMPILE = .venvs/uv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-header --no-annotate

lock: environments ## Resolve all constraints anew from the direct pins
	@$(COMPILE) requirements.txt requirements-dev.txt --output-file constraints.txt
	@for folder in local/*/ local/airbyte/connectors/; do \
		[ -f "$$folder/requirements.txt" ] || continue; \
		$(COMPILE) "$$folder/requirements.txt" --output-file "$$folder/constraints.txt"; \
	done
