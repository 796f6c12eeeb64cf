# The only entrance: every check by its name. `make help` is made from the `##` lines below.
#
# Needs Rust (cargo, rustfmt, clippy; it links with a C compiler) and Python >= 3.11 with venv. All that Python wants
# goes into .venv, pinned by hash. The stamps in .venv make a second run quick.

VENV      := .venv
PY        := $(VENV)/bin/python
LOCK      := requirements-dev.lock
UV_PINNED := uv==0.13.9
CARGO     ?= cargo
# Cargo.lock decides, as requirements-dev.lock does for Python.
CARGO_FLAGS ?= --locked
# How hard the long searches search: cases a property.
MODEL_CASES ?= 20000
FUZZ_CASES  ?= 200000
# How many storms of faults `make chaos` sends over the client.
STORMS      ?= 200
# How many lives `make sim-long` simulates, and how long each is.
SEEDS       ?= 400
MINUTES     ?= 30

# The first Python that is new enough and can make a virtual environment (a version manager's shim may
# exist by name and still refuse to run).
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& { echo "$$p"; break; }; done)

# Recordings of the real venue. The tests that read them are skipped, with the reason, where they are not.
export MM_SHARED ?= $(abspath ../shared)
# One interpreter for the binding, whoever builds it; else PyO3 is built again at each change of hands.
export PYO3_PYTHON := $(abspath $(PY))
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# At a desk the properties draw new examples; in CI the same ones, so that a change is judged by what it changes.
ifdef CI
export PROPTEST_RNG_SEED ?= 1
endif

# A stamp that was copied here with the tree, or whose extension is gone, says nothing: without this, a copy
# would quietly test the tree that it was copied from.
ifneq ($(shell cat $(VENV)/.deps 2>/dev/null),$(CURDIR))
  $(shell rm -f $(VENV)/.deps)
endif
ifeq ($(wildcard python/mm/_core*.so),)
  $(shell rm -f $(VENV)/.built)
endif

RUST_SOURCES := $(shell find rust -type f \( -name '*.rs' -o -name '*.toml' -o -name '*.md' \))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run build fmt fmt-check lint type stubs test test-core test-py docs bench market model-deep chaos fuzz \
	sim-long check lock clean

help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

run: build ## Run the demo: a simulated venue, the maker, the faults, the proof
	$(VENV)/bin/mm demo

build: $(VENV)/.built ## Make .venv and build the extension into it, if anything changed

fmt: $(VENV)/.deps ## Format everything
	$(CARGO) fmt --all
	$(PY) -m ruff check --quiet --fix-only .
	$(PY) -m ruff format .

fmt-check: $(VENV)/.deps ## Fail where `make fmt` would change something
	$(CARGO) fmt --all --check
	$(PY) -m ruff format --check .

lint: $(VENV)/.deps ## clippy, rustdoc and ruff; warnings are errors
	$(CARGO) clippy $(CARGO_FLAGS) --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(CARGO_FLAGS) --workspace --no-deps --quiet
	$(PY) -m ruff check .

type: $(VENV)/.deps ## mypy --strict
	$(PY) -m mypy

stubs: build ## Compare the stubs with the built extension
	$(PY) -m mypy.stubtest mm._core

test: test-core test-py ## All tests

# The binding is tested from Python: on its own it would need libpython to link.
test-core: $(VENV)/.deps ## The Rust tests, the exhaustive model and its planted bugs among them
	@if $(CARGO) nextest --version >/dev/null 2>&1; then set -ex; \
		$(CARGO) nextest run $(CARGO_FLAGS) --workspace --exclude mm-py --no-tests=pass --no-fail-fast; \
		$(CARGO) test $(CARGO_FLAGS) --workspace --exclude mm-py --doc; \
	else set -ex; \
		$(CARGO) test $(CARGO_FLAGS) --workspace --exclude mm-py; \
	fi
	$(CARGO) test $(CARGO_FLAGS) --package mm-core --features planted --test model planted -- --show-output

test-py: build ## The Python tests
	$(PY) -m pytest

docs: $(VENV)/.deps ## Write the generated documents anew (the tests compare them), and the API's pages
	UPDATE=1 $(CARGO) test $(CARGO_FLAGS) --package mm-core --test docs
	$(CARGO) doc $(CARGO_FLAGS) --workspace --no-deps

bench: build ## Measure: the engine beside a pure-Python twin, the wire beside the official SDK (BENCH=--quick)
	$(PY) benches/run.py $(BENCH)
	$(PY) benches/wire.py $(BENCH)

market: build ## Compare the simulated markets with recordings of the real one (docs/simulated-market.md)
	$(PY) -m benches.market --picture docs/pictures/simulated-market.svg

model-deep: ## The Rust models and properties, with MODEL_CASES cases and the ignored ones too
	PROPTEST_CASES=$(MODEL_CASES) $(CARGO) test $(CARGO_FLAGS) --release --package mm-core -- \
		--include-ignored --show-output

chaos: build ## Faults of the wire and of the venue under the client, and STORMS storms of all at once
	STORMS=$(STORMS) $(PY) -m pytest tests/chaos/test_episodes.py tests/chaos/test_venue_faults.py

fuzz: build ## Any bytes into the decoder, FUZZ_CASES cases; the Python edges with Hypothesis
	PROPTEST_CASES=$(FUZZ_CASES) $(CARGO) test $(CARGO_FLAGS) --release --package mm-wire
	HYPOTHESIS_PROFILE=deep $(PY) -m pytest -m fuzz

sim-long: build ## SEEDS makers' lives of MINUTES under every fault; the official SDK's maker for a minute; the venue's speed
	SEEDS=$(SEEDS) MINUTES=$(MINUTES) $(PY) -m pytest -o log_cli=true --log-cli-level=INFO tests/simulation/test_campaign.py
	MM_SIM_LONG=1 $(PY) -m pytest tests/chaos/test_official_maker.py
	$(PY) benches/venue.py

check: fmt-check lint type stubs test ## What CI runs

lock: ## Pin the Python dependencies anew, with hashes, for every platform
	$(PYTHON) -m venv --clear target/lock-venv
	target/lock-venv/bin/python -m pip install --quiet $(UV_PINNED)
	target/lock-venv/bin/uv pip compile pyproject.toml requirements-dev.in --universal --generate-hashes \
		--upgrade --no-header --no-emit-index-url --no-emit-find-links --quiet --output-file $(LOCK)

clean: ## Remove all that was built
	rm -rf target $(VENV) dist python/mm/_core*.so .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.deps: $(LOCK)
	@test -n "$(PYTHON)" || { echo "mm needs Python >= 3.11 with venv; set PYTHON=/path/to/it" >&2; exit 1; }
	@command -v $(CARGO) >/dev/null || { echo "mm needs Rust: cargo was not found" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --require-hashes --requirement $(LOCK)
	@echo "$(CURDIR)" >$@

# maturin is told of the environment by name: there is nothing to activate. Its dependencies are those
# of the lock file already.
$(VENV)/.built: $(VENV)/.deps pyproject.toml Cargo.toml Cargo.lock $(RUST_SOURCES)
	VIRTUAL_ENV=$(abspath $(VENV)) $(PY) -m maturin develop --release --quiet
	@touch $@
