"""Print the format file for lnav, which is shipped beside this module."""

import sys
from importlib.resources import files

from bake_tracker.entrypoints.cli.log.lines import printing


def lnav() -> None:
    """Print the format file that shows the log in the viewer lnav."""
    with printing():
        sys.stdout.write(files(__package__).joinpath("lnav_format.json").read_text("utf-8"))
