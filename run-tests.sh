#!/bin/sh
# The checks of the house: tests on SQLite and PostgreSQL, ruff, mypy, import contracts. Arguments go to pytest;
# --thorough goes deeper, as CI does: long tests, more rounds, every old version, every test on both databases.
set -u
root=$(dirname -- "$(readlink -f -- "$0")")
. "$root/tools/venv.sh"
use_venv requirements/dev.txt
cd "$root" || exit 1
# Databases that live for one test need no disk: a commit waits for it, and there are tens of thousands.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ] && [ "$(df -Pk /dev/shm | awk 'NR == 2 { print $4 }')" -gt 4000000 ]; then
    TMPDIR=/dev/shm
    export TMPDIR
fi
# Without bytecode, every process would compile the program again, and pytest all of the tests.
unset PYTHONDONTWRITEBYTECODE
# Three workers keep two cores busy while some of them wait.
case "$*" in "" | --thorough) set -- -n 3 "$@" ;; esac
exec "$venv/bin/python" -m pytest "$@"
