"""Print the format file for lnav, which is shipped beside this module."""

import sys
from importlib.resources import files

from bake_tracker.entrypoints.cli.log.lines import printing


def lnav() -> None:
    """Print the log's format for the viewer lnav. Save it to a file and install that with lnav -i."""
    with printing():
        sys.stdout.write(files(__package__).joinpath("lnav_format.json").read_text("utf-8"))
