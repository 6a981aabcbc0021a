#!/usr/bin/env bash
# What can be said of the code without running it: format, lint, types, layers, migrations.
# All at once, since each alone leaves a core idle; told in order.
set -uo pipefail
cd "$(dirname "$0")/.."
told=$(mktemp -d)
trap 'rm -rf "$told"' EXIT
steps=()
step() {
  local name=$1; shift
  steps+=("$name")
  { local begun=$SECONDS; "$@" > "$told/$name" 2>&1; echo $? $((SECONDS - begun)) > "$told/$name.end"; } &
}
step types .venv/bin/mypy
step security .venv/bin/python tools/check_security.py
step format .venv/bin/ruff format --check .
step lint .venv/bin/ruff check .
step layers .venv/bin/lint-imports
step migrations env ANWANG_SOCKETS=/nonexistent .venv/bin/python -W ignore manage.py makemigrations --check --dry-run
wait
failed=0
for name in "${steps[@]}"; do
  read -r status took < "$told/$name.end"
  if [ "$status" = 0 ]; then printf '  ok    %-12s %3ds\n' "$name" "$took"
  else printf '  FAIL  %-12s %3ds\n' "$name" "$took"; cat "$told/$name"; failed=1; fi
done
exit $failed
