"""What logging costs and what it survives, side by side with the other loggers, in one interleaved run.

python benchmarks/logging.py [--rows 1,3,truth] [--rounds 60 | --quick] [--update]

``--update`` writes the tables into ``docs/reference/benchmarks.md`` and ``docs/explanation/log-truth.md``.
"""

import sys
from pathlib import Path

# This file has the name of the standard library's module, and its folder comes first where modules are looked for.
_path = sys.path[:]
sys.path[:] = [entry for entry in _path if Path(entry).resolve() != Path(__file__).resolve().parent]
if __name__ == "logging":  # a neighbour meant the standard library's
    del sys.modules["logging"]
import logging  # noqa: E402, F401  kept in sys.modules, so that everybody finds this one from now on

sys.path[:] = _path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    from log_figures import main

    main()
