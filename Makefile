# Everything a newcomer needs is `make demo` and `make test`; setup.sh does what they have in common.

SHELL := /bin/bash
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-desktop test test-slow test-vllm test-webarena pages replay-suite desktop-suite bench-oracle perf perf-peers check format wheel clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

setup: ## a virtual environment with everything in it, and a browser
	@./setup.sh

demo: ## set up, then do a task in a real browser while you watch
	@./setup.sh
	@.venv/bin/python -m handeye demo $(ARGS)

demo-desktop: ## set up, then do a task with four real programs on a private screen
	@./setup.sh test
	@.venv/bin/python -m handeye demo --desktop $(ARGS)

test: ## set up, then run the tests, two side by side; ARGS="-k shop" for some
	@./setup.sh test
	@.venv/bin/python -m pytest -n 2 --dist worksteal -m "not slow" $(ARGS)

test-slow: ## set up, then run the suites that take minutes; FULL=1 for the full size
	@./setup.sh test
	@./setup.sh cluster
	@.venv/bin/python -m pytest -m slow $(ARGS)

test-vllm: ## set up a vLLM for the CPU in .venv-vllm (2 GB), then run the tests that need a real one
	@./setup.sh vllm
	@HANDEYE_TEST_VLLM=1 .venv-vllm/bin/python -m pytest tests/vllm $(ARGS)

test-webarena: ## set up the scorer of WebArena-Verified in .venv-webarena (90 MB), then hold episodes to what it says of them
	@./setup.sh test
	@./setup.sh webarena
	@HANDEYE_WEBARENA_PYTHON=.venv-webarena/bin/python .venv/bin/python -m pytest tests/benchmarks/suites/test_webarena_verified.py $(ARGS)

pages: ## set up, then run the browser over pages and print the table; FULL=1 for the figures at full size
	@./setup.sh
	@.venv/bin/python -m handeye.benchmarks.pages $(ARGS)

replay-suite: ## set up, then hold replay to its figures: drift, hermetic repeats, kills, MiniWoB++; FULL=1: at full size
	@./setup.sh
	@.venv/bin/python -m handeye.benchmarks.replay_suite $(ARGS)

desktop-suite: ## set up, then hold the desktop to its figures: typing, pointing, drift, on private screens; FULL=1: at full size
	@./setup.sh
	@.venv/bin/python -m handeye.benchmarks.desktop_suite $(ARGS)

bench-oracle: ## set up, then play MiniWoB++ by one who reads the page and speaks as a model, and print the table; FULL=1: twenty seeds
	@./setup.sh
	@.venv/bin/python -m handeye.benchmarks.oracle $(ARGS)

perf: ## set up, then time what is promised to be fast against floors written by hand, and print the table of ratios
	@./setup.sh test
	@.venv/bin/python -m handeye.benchmarks.perf $(ARGS)

perf-peers: ## set up, and set up browser-use, browsergym and cua-agent in .venv-peers (1 GB), then time a step of each beside ours
	@./setup.sh
	@.venv/bin/python -m handeye.benchmarks.perf.peers $(ARGS)

check: ## what reads the code: ruff, mypy, the layers, the list of packages
	@./setup.sh test
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/python -m pytest -q -k listed tests/test_packaging.py

format: ## put the code in its form
	@./setup.sh
	@.venv/bin/python -m ruff check --fix-only --quiet .
	@.venv/bin/python -m ruff format .

wheel: ## dist/handeye-….whl
	@./setup.sh
	@rm -rf build  # a file that is gone from the tree would still be packed from there
	@.venv/bin/python -m build --wheel --no-isolation --outdir dist .

clean: ## remove what was made here, the virtual environment included
	rm -rf .venv .venv-vllm .venv-webarena .venv-peers .typing build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
