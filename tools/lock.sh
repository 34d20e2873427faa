#!/bin/sh
# Lock pyproject.toml's dependencies into requirements/*.txt: versions and hashes, no index address. Needs pip-tools.
set -eu
cd "$(dirname "$0")/.."
for kind in runtime dev; do
    python - "$kind" >"/tmp/bake-$kind.in" <<'PY'
import sys, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))
wanted = project["project"]["dependencies"] + project["build-system"]["requires"]
if sys.argv[1] == "dev":
    wanted += project["dependency-groups"]["dev"] + sum(project["project"]["optional-dependencies"].values(), [])
print("\n".join(wanted))
PY
    cp "requirements/$kind.txt" "/tmp/bake-$kind.txt"  # what is locked stays, unless it has to move
    pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
        --no-header --no-annotate --strip-extras --allow-unsafe --output-file "/tmp/bake-$kind.txt" "/tmp/bake-$kind.in"
    { echo "# Locked by tools/lock.sh from pyproject.toml: versions and hashes, no index."; cat "/tmp/bake-$kind.txt"; } \
        >"requirements/$kind.txt"
done
