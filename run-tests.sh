#!/bin/sh
# Every check of the house: tests on SQLite and PostgreSQL, ruff, mypy, import contracts. Arguments go to pytest.
set -u
root=$(dirname -- "$(readlink -f -- "$0")")
. "$root/tools/venv.sh"
use_venv requirements/dev.txt
cd "$root" || exit 1
[ $# -gt 0 ] || set -- -n 2
exec "$venv/bin/python" -m pytest "$@"
