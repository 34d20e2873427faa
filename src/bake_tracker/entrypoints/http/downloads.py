"""A file as a response, shown by the browser or downloaded."""

from urllib.parse import quote

from starlette.responses import Response

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
    "ics": "text/calendar; charset=utf-8",
}


def file_answer(content: bytes, name: str, *, is_inline: bool = False) -> Response:
    """Answer with the bytes of a file whose name ends in one of ``TYPES``."""
    plain = "".join(one if one.isascii() and (one.isalnum() or one in "-_.") else "-" for one in name)
    how = "inline" if is_inline else "attachment"
    said = f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": said, "Cache-Control": "private, no-store"}
    return Response(content, media_type=TYPES[name.rpartition(".")[2]], headers=headers)
