# Two commands: `make demo` shows the whole way, `make test` is what CI runs.
# Needs Python 3.11+ and make; and a Pulumi CLI, access to Pulumi's download site, or Go 1.26.

UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --locked --no-sync
STACK := serve-aws

# Pulumi's own Python host looks for uv on PATH.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo test setup tools lint types imports engine unit end-to-end bench

help:
	@echo "make demo    plan $(STACK) from a real trace, rehearse it on this machine, and print what it is and costs"
	@echo "make test    lint, types, import contracts, unit tests, engine tests"
	@echo "make bench   print the project's figures beside what they are measured against"

demo: setup engine
	$(RUN) lepton plan $(STACK)
	$(RUN) lepton rehearse $(STACK)

test: lint types imports unit end-to-end

# Byte code: a cloud's library is so large that compiling it would cost every run of a program seconds.
setup: $(UV)
	$(UV) sync --locked --all-packages --no-dev --inexact
	@$(RUN) python -m compileall -q -j 0 .venv/lib/python3*/site-packages/pulumi .venv/lib/python3*/site-packages/pulumi_aws

# What only tests need, the libraries of clouds that rules are held against among it, is compiled where it is used.
tools: setup
	$(UV) sync --locked --all-packages --inexact

# Where uv is missing, a private one; it never touches what is installed on the machine.
.tools/bin/uv:
	@echo "uv is not on PATH: putting one into .tools"
	python3 -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

engine: setup
	$(RUN) lepton engine install

lint: tools
	$(RUN) ruff format --check .
	$(RUN) ruff check .

types: tools
	$(RUN) basedpyright

imports: tools
	$(RUN) lint-imports

unit: tools
	$(RUN) pytest -m "not engine"

end-to-end: engine tools
	$(RUN) pytest -m engine

bench: tools
	for script in benchmarks/*.py; do $(RUN) python $$script || exit 1; done
