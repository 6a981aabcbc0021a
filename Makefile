# Two commands matter: `make up` and `make test`. CONTRIBUTING.md tells of the others.
SHELL := /bin/bash
PY := .venv/bin/python

.PHONY: up setup setup-run check fix test drill bench sbom help
help:
	@echo "make up     serve the demo county     PORT=8000 ANWANG_HOME=var DATABASE_URL="
	@echo "make test   run every test            make check  formatting, lint, types, layers"
	@echo "make fix    format                    make bench  the benchmarks      make drill  the long proofs"
	@echo "make sbom   the bill of materials (CycloneDX), sbom.cdx.json"

setup:
	@tools/setup.sh dev

setup-run:
	@tools/setup.sh run

up: setup-run
	@exec .venv/bin/anwang up

check: setup
	@tools/check.sh

fix: setup
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

test: setup
	@tools/test.sh

drill: setup
	@ANWANG_DRILL=1 $(PY) -m pytest tests/trust -s -p no:randomly --timeout=43200

bench: setup
	@$(PY) -m benchmarks

sbom: setup
	@$(PY) tools/check_security.py --sbom
