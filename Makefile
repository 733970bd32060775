# make podcast   set everything up in .venv, then make and play a podcast
# make cluster   set everything up and run a Redis, three workers and the server on this machine
# make test      set everything up and run every check
# make test-hub  run the tests of hub models, with torch, in .venv-hub
# Options are read as plain data:  make podcast TOPIC="how tides work" SOURCE=paper.pdf DURATION=60
#                                  make test ARGS="-k tides -x"

.DEFAULT_GOAL := help
.PHONY: help podcast cluster setup dev test test-hub lint soak constraints clean

BIN := .venv/bin
LISTS := pyproject.toml constraints.txt murakkab/data/packaged-models.txt tools/setup.sh tools/system-packages.sh \
         $(wildcard hatch_build.py package.json package-lock.json)

# `value` keeps make from expanding what the user typed; the recipe reads it from the environment.
OPTIONS := TOPIC SOURCE SCRIPT HOSTS DURATION WIDTH HEIGHT FPS SEED LLM RUNS PORT
$(foreach name,$(OPTIONS),$(eval override export $(name) := $$(value $(name))))

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | head -6

podcast: setup
	@tools/podcast.sh

cluster: .venv/.cluster
	$(BIN)/python tools/cluster.py $(if $(PORT),--port "$$PORT") $(if $(RUNS),--runs "$$RUNS")

.venv/.cluster: .venv/.base
	tools/setup.sh cluster

setup: .venv/.base
.venv/.base: $(LISTS)
	tools/system-packages.sh base
	tools/setup.sh base

dev: .venv/.dev
.venv/.dev: $(LISTS)
	tools/system-packages.sh test
	tools/setup.sh dev

lint: dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	@tools/system-packages.sh test
	tools/test.sh $(BIN)/pytest $(ARGS)

test-hub:
	tools/test-hub.sh $(ARGS)

soak: dev
	$(BIN)/pytest -m soak $(ARGS)

# Pins every package of the tested set anew.
constraints: dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --extra all --group dev \
	    --no-header --no-annotate --output-file constraints.txt pyproject.toml

clean:
	rm -rf .venv .venv-hub .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist
