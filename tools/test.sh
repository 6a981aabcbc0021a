#!/usr/bin/env bash
# Everything there is: the checks beside all tests, browser included. The checks take what the tests
# leave of the processors, which wait for each other often enough, and are told at the end.
set -uo pipefail
cd "$(dirname "$0")/.."
begun=$SECONDS
browser=$(.venv/bin/python tools/find_browser.py) || exit 1
export ANWANG_CHROMIUM=$browser
told=$(mktemp)
trap 'rm -f "$told"' EXIT
nice -n 5 tools/check.sh > "$told" 2>&1 & checking=$!
.venv/bin/python -m pytest tests -n 2 "$@"; tested=$?
wait "$checking"; checked=$?
cat "$told"
echo "make test took $((SECONDS - begun)) s"
exit $((checked > tested ? checked : tested))
