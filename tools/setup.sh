#!/usr/bin/env bash
# Installs the pinned dependencies into .venv and the project itself beside them; nothing else.
# Usage: tools/setup.sh run|dev.  With uv where it can be had (seconds), with plain pip otherwise.
set -euo pipefail
cd "$(dirname "$0")/.."
kind=${1:-run}
lock=requirements/$kind.txt

# What was installed from which lock is remembered by a mark; dev holds all that run needs.
mark() { echo ".venv/.$1-$(cat "requirements/$1.txt" pyproject.toml | sha256sum | cut -c1-16)"; }
installed() { [ -x .venv/bin/anwang ] && [ -f "$(mark "$1")" ]; }
if installed "$kind" || { [ "$kind" = run ] && installed dev; }; then
  exec .venv/bin/python tools/compile_messages.py >/dev/null
fi
python=$(command -v python3.11 || command -v python3 || true)
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "Python 3.11 or newer is needed. On Debian: apt-get install python3 python3-venv" >&2; exit 1
fi
if [ ! -x .venv/bin/python ]; then
  "$python" -m venv .venv || { echo "The venv could not be made. On Debian: apt-get install python3-venv" >&2; exit 1; }
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
echo "installing the pinned dependencies ($kind) into .venv ..." >&2
uv=.venv/bin/uv
[ -x "$uv" ] || .venv/bin/python -m pip install --quiet --require-hashes -r requirements/uv.txt || true
if ! { [ -x "$uv" ] && "$uv" pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r "$lock"; }; then
  echo "uv could not install; pip takes over (a few minutes)" >&2
  .venv/bin/python -m pip install --quiet --require-hashes -r "$lock"
fi
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
.venv/bin/python tools/compile_messages.py >/dev/null
# Compiled once here, since where Python may not write bytecode every start would compile anew.
.venv/bin/python -m compileall -q anwang config demo || true
rm -f .venv/."$kind"-*
touch "$(mark "$kind")"
