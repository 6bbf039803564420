# `make run` and `make test` are all a fresh clone needs; they set up what they use.
#
#   PORT=8081            make run on another port
#   SIPOL_HOME=/srv/x    another state folder than var/
#   PYTHON=python3.12    another Python (3.11 or newer)
#   TESTS=tests/unit     make test on a part of the tests
#   SIPOL_TEST_PARTIAL=1 make test passes although a part of the machine is missing

PORT ?= 8080
TESTS ?= tests
BIN := .venv/bin
export SIPOL_HOME ?= $(CURDIR)/var
# The environment's own node and tools first, and nginx where Debian puts it.
export PATH := $(CURDIR)/.venv/bin:$(PATH):/usr/sbin:/sbin
# Bytecode of one test run must not look like work in the tree.
PYTEST := $(BIN)/python -m pytest

.PHONY: run setup tusd peers test soak lint types tests lock clean

run:
	@sh scripts/setup run
	@sh scripts/start $(PORT)

setup:
	@sh scripts/setup test

# Everything is tried even when an earlier part fails; the last lines are the tests' own.
test: setup
	@sh scripts/check $(TESTS)

soak: setup
	$(PYTEST) -m soak --timeout 7200 $(TESTS)

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

# Anew from pyproject.toml and package.json, with the newest versions they allow. Needs the network,
# npm, and the environment of `make test`; pip's and npm's own settings for certificates and mirrors
# are honoured, addresses and local folders never get into the files.
lock: setup
	$(BIN)/python scripts/lock.py

# The second engine, for SIPOL_UPLOADS=tusd: built once, with the machine's Go or one that is fetched.
tusd:
	@sh scripts/setup run
	$(BIN)/python scripts/tusd/build.py

# What `sipol bench uploads` compares with, into .peers/: needs the network, npm and Go; what cannot
# be had is said and left out.
peers: setup
	$(BIN)/python scripts/peers/install.py

# What was set up; the state in var/ stays.
clean:
	rm -rf .venv .tools node_modules portal/static/vendor portal/static_light .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	find portal/translations -name '*.mo' -delete
