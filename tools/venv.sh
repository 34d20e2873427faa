# Sourced by ./bake and ./run-tests.sh: a private .venv with exactly the locked packages.
# usage: use_venv LOCK   (requirements/runtime.txt or requirements/dev.txt); sets $venv

find_python() {
    for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "Bake Tracker needs Python 3.11 or newer; none was found on the PATH." >&2
    exit 1
}

use_venv() {
    lock=$1
    venv=$root/.venv
    # dev.txt holds all of runtime.txt: a tested checkout need not be set up again for ./bake.
    wanted=$(cat "$root/$lock" "$root/pyproject.toml" "$root/front-end/package-lock.json" | cksum)
    stamp=$venv/.ready-$(basename "$lock" .txt)
    [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && return

    (
        # Two first runs at once: the second waits, then finds everything done.
        if command -v flock >/dev/null 2>&1; then flock 9; fi
        [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && exit 0
        python=$(find_python) || exit 1
        echo "Setting up Bake Tracker in .venv (once, about a minute) ..." >&2
        "$python" -m venv "$venv" || {
            echo "Python could not make a virtual environment (on Debian: apt install python3-venv)." >&2
            exit 1
        }
        pip="$venv/bin/python -m pip --disable-pip-version-check --quiet"
        $pip install --require-hashes -r "$root/$lock" 2>"$venv/setup.log" &&
            $pip install --no-deps --no-build-isolation --editable "$root" 2>>"$venv/setup.log" || {
            cat "$venv/setup.log" >&2
            echo "The locked packages could not be installed; what pip said is above." >&2
            exit 1
        }
        [ -f "$root/src/bake_tracker/entrypoints/web/static/vendor/package-lock.json" ] ||
            echo "npm could not fetch what the pages need (see $venv/setup.log); all but bake serve works." >&2
        echo "$wanted" >"$stamp"
    ) 9>"$root/.venv.lock" || exit 1
}
