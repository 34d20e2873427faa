"""Transcripts in the docs, and the parts of them that may differ."""

import re

MASKS = (
    (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
    (re.compile(r"sqlite:///\S*?([\w-]+\.db)"), r"sqlite:///\1"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})?\b"), "ID"),
    (re.compile(r"-\d{8}-(\d+)"), r"-DAY-\1"),
    (re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2})?( UTC)?)?"), "DATE"),
    (re.compile(r"\d+(\.\d+)? ms"), "N ms"),
    # Which of these a line has depends on the machine.
    (re.compile(r"  (?:begin_wait_ms|lock_wait_ms|sql_ms|slowest_sql|slowest_sql_ms|commit_ms)=.*?(?=  |$)", re.M), ""),
    (re.compile(r"[ \t]+"), " "),
)


def masked(text: str) -> list[str]:
    for pattern, replacement in MASKS:
        text = pattern.sub(replacement, text)
    return [line.strip() for line in text.splitlines() if line.strip()]
