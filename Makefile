# On a machine with Python ≥ 3.11 and make, each of these sets up what it needs first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BENCH ?= all

.PHONY: help setup demo test lint bench bench-quality clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY)  ## A virtual environment in .venv with everything, at the versions of constraints.txt

# torch first and by itself: a wheel that is already there must not be replaced by one of another build.
# mediapipe without its dependencies: it pins an old numpy that it does not need.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tempose needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[pose,web,metrics,train,dev]'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps mediapipe
	@touch $(READY)

demo: $(READY)  ## A drawn person moving, as out/demo.mp4
	$(BIN)/tempose demo

test: $(READY)  ## The whole test suite
	$(BIN)/python -m pytest

lint: $(READY)  ## Style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)  ## Speed and memory on this machine, into docs/benchmarks.md; BENCH="prediction clip" takes a part
	$(BIN)/python -m tempose.bench $(BENCH) --docs docs

bench-quality: $(READY)  ## How good the model is, into docs/results.md; QUALITY="--people 16 --real data/real" changes it
	$(BIN)/python benchmarks/quality.py $(QUALITY)

clean:  ## Remove the environment and what the commands made
	rm -rf $(VENV) out
