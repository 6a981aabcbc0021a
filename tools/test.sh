#!/usr/bin/env bash
# Everything there is: the checks, then all tests, browser included.
set -uo pipefail
cd "$(dirname "$0")/.."
begun=$SECONDS
tools/check.sh; checked=$?
browser=$(.venv/bin/python tools/find_browser.py) || exit 1
export ANWANG_CHROMIUM=$browser
.venv/bin/python -m pytest tests -n 2 "$@"; tested=$?
echo "make test took $((SECONDS - begun)) s"
exit $((checked > tested ? checked : tested))
