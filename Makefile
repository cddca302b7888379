# What one does with a clone of boda. `make` alone lists it.
#
# Everything happens in .venv. Another Python: make setup PYTHON=python3.12

PYTHON = python3
VENV = .venv
ifeq ($(OS),Windows_NT)
BIN = $(VENV)/Scripts
else
BIN = $(VENV)/bin
endif
READY = $(VENV)/.ready
LOCK = requirements-dev.lock
LOCK_COMMAND = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

# What the lock adds to pyproject.toml: hatchling and editables, so that installing boda itself fetches nothing;
# the TensorFlow that is tested, since the resolver would settle for an older one.
define LOCK_ADDS
hatchling>=1.27
editables>=0.5
tensorflow-cpu>=2.21; sys_platform == 'linux' and platform_machine == 'x86_64'
tensorflow>=2.21; sys_platform != 'linux' or platform_machine != 'x86_64'
endef
export LOCK_ADDS
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help setup check test demo bench docs lock clean

help:
	@echo 'make setup   the environment, .venv, as the lock file says (PYTHON=python3.12 chooses another Python)'
	@echo 'make demo    a first look, offline once installed: train, and a report in boda-demo'
	@echo 'make test    the tests (FAST=1 leaves out the slow ones)'
	@echo 'make check   linter, formatter, types, and who may import whom'
	@echo 'make bench   the benchmarks, each beside a peer measured in the same run'
	@echo 'make docs    docs/reference.md from the docstrings; its examples and the links are checked'
	@echo 'make lock    a new requirements-dev.lock (needs uv)'
	@echo 'make clean   remove .venv, the caches and what the demo left'

setup: $(READY)
	@:

$(READY): pyproject.toml $(LOCK)
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here. boda needs Python 3.11, 3.12 or 3.13." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { \
	  echo "boda needs Python 3.11, 3.12 or 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Name another one: make $(or $(MAKECMDGOALS),setup) PYTHON=python3.12" >&2; exit 1; }
	@echo 'Installing into $(VENV): TensorFlow, OpenVINO and about 70 more packages. Once: some 500 MB to fetch, 2 GB on disk, one to three minutes.'
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make an environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install -qq --require-hashes -r $(LOCK)
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e .
	@touch $(READY)
	@echo 'Installed.'

check: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup
	@$(BIN)/python -m pytest $(if $(FAST),-m "not slow")

demo: setup
	@$(BIN)/boda demo --out boda-demo

bench: setup
	@for script in benchmarks/*.py; do echo "$$script"; $(BIN)/python "$$script" || exit 1; done

docs: setup
	@$(BIN)/python docs/build.py
	@$(BIN)/python docs/augmentation.py
	@$(BIN)/python -m pytest --quiet --doctest-modules src

lock:
	@{ echo '# The development environment, for Python 3.11 to 3.13 on Linux, macOS and Windows. Written by `make lock`.'; \
	  echo "$$LOCK_ADDS" | $(LOCK_COMMAND) --group dev pyproject.toml -; } > $(LOCK).new && mv $(LOCK).new $(LOCK)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis boda-demo
