# Two commands matter: `make up` and `make test`. CONTRIBUTING.md tells of the others.
SHELL := /bin/bash
PY := .venv/bin/python

.PHONY: up setup setup-run check fix test drill bench spark sbom help
help:
	@echo "make up     serve the demo county     PORT=8000 ANWANG_HOME=var DATABASE_URL="
	@echo "make test   run every test            make check  formatting, lint, types, layers"
	@echo "make fix    format                    make bench  the benchmarks      make drill  the long proofs"
	@echo "make spark  install the nation's engine (PySpark; Java 17) and prove that it links alike"
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
	@ANWANG_DRILL=1 $(PY) -m pytest tests/trust tests/browser/test_pages.py -s -p no:randomly --timeout=43200

bench: setup
	@$(PY) -m benchmarks

spark: setup
	@.venv/bin/uv pip install --quiet --python $(PY) --require-hashes -r requirements/spark.txt
	@$(PY) -m pytest tests/people/test_spark.py -s --timeout=1800

sbom: setup
	@$(PY) tools/check_security.py --sbom
