"""Somebody else's program: set up logging with the code of a page, then record an event.

``python -m support.log.their_program PAGE TITLE`` uses the Python code below this heading.
"""

import re
import sys
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^## ", re.MULTILINE)


def examples(page: Path) -> dict[str, list[tuple[str, str]]]:
    """The code examples below each heading, with the output shown for each."""
    parts = HEADING.split(page.read_text("utf-8"))[1:]
    return {part.partition("\n")[0]: BLOCK.findall(part) for part in parts}


def main(page: str, title: str, number: str) -> None:
    code, _ = examples(Path(page))[title][int(number)]
    exec(compile(code, page, "exec"), {"__name__": "__main__"})
    from bake_tracker.services.catalog import things
    from bake_tracker.services.database import run_in_transaction

    run_in_transaction(lambda session: things.record_event("Fair", session=session))


if __name__ == "__main__":
    main(*sys.argv[1:])
