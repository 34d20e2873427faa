"""Whether a log says that a SQLite database was in use before."""

from contextlib import suppress
from pathlib import Path

from bake_tracker.config import Settings, default_log_file, sqlite_url
from bake_tracker.log.files import LogUnreadableError
from bake_tracker.log.scan import read_lines, scan
from bake_tracker.log.setup import log_file

OPENED = "open_bakery"
"""The line of a server that has opened a database, whose path it names."""


def first_use(settings: Settings, file: Path) -> str | None:
    """The time of the first line about the database in this file, or None if its log has none.

    Every line of a log beside the database is about it. A log elsewhere may tell of several.
    """
    url = sqlite_url(file)
    path = log_file(settings, url)
    is_beside = path == default_log_file(url)
    wanted = b'"database_id"' if is_beside else OPENED.encode()
    with suppress(LogUnreadableError):  # such as /dev/stdout, which tells nothing
        for _, line in read_lines(scan(path, lambda block: wanted in block)):
            if line and (line.get("database") == url or (is_beside and line.get("database_id"))):
                return str(line["timestamp"])
    return None
