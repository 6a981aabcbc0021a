#!/usr/bin/env bash
# What can be said of the code without running it: format, lint, types, layers, migrations.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=0
step() {
  local name=$1; shift
  local begun=$SECONDS
  if "$@" > /tmp/anwang-check.$$ 2>&1; then printf '  ok    %-12s %3ds\n' "$name" $((SECONDS - begun))
  else printf '  FAIL  %-12s %3ds\n' "$name" $((SECONDS - begun)); cat /tmp/anwang-check.$$; failed=1; fi
  rm -f /tmp/anwang-check.$$
}
step format .venv/bin/ruff format --check .
step lint .venv/bin/ruff check .
step layers .venv/bin/lint-imports
step types .venv/bin/mypy
step security .venv/bin/python tools/check_security.py
step migrations env ANWANG_SOCKETS=/nonexistent .venv/bin/python -W ignore manage.py makemigrations --check --dry-run
exit $failed
