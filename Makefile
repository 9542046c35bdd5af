# `make demo` and `make test` do all their own set-up in .venv; nothing else is needed first.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
OUT ?= demo-output

# Two cores, several processes: one thread each (docs/experiments.md, threads).
export OMP_WAIT_POLICY := PASSIVE

.PHONY: demo test check lock clean

demo: .venv/.ready
	$(BIN)/vivant demo --out $(OUT)

test: .venv/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist loadgroup --durations 15

# What a plain user needs, and what training needs: exact versions and hashes. torch comes by version
# alone, because one version exists as builds with other hashes (CPU, CUDA).
.venv/.ready: requirements/train.txt requirements/torch.txt requirements/node.txt pyproject.toml
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or later is needed')"
	$(PYTHON) -m venv .venv
	$(PIP) --no-deps --require-hashes -r requirements/train.txt
	$(PIP) -r requirements/torch.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	command -v npm >/dev/null || $(PIP) --no-deps --require-hashes -r requirements/node.txt
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/vivant doctor --install-voices
	touch $@

.venv/.ready-dev: .venv/.ready requirements/dev.txt
	$(PIP) --no-deps --require-hashes -r requirements/dev.txt
	touch $@

# Compile the hashed lists anew after changing a .in file.
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --python-version 3.11 --no-annotate \
	--no-header --override requirements/excluded.txt
lock: .venv/.ready-dev
	$(COMPILE) requirements/train.in -o requirements/train.txt
	$(COMPILE) requirements/runtime.in -c requirements/train.txt -o requirements/runtime.txt
	$(COMPILE) requirements/dev.in -o requirements/dev.txt
	$(COMPILE) requirements/node.in -o requirements/node.txt

clean:
	rm -rf .venv .cache build *.egg-info demo-output
