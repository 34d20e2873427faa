"""The reference of operations is generated from the registry."""

from bake_tracker.services.kinds import kinds
from tools.operations import PAGE, listed, updated


def test_the_reference_says_what_the_registry_says() -> None:
    """If this fails, run ``python tools/operations.py --update``."""
    page = PAGE.read_text("utf-8")
    assert page == updated(page)


def test_every_operation_is_in_the_reference() -> None:
    """Each has a section with its refusals and, if it records, the fields of its success line."""
    sections = {section.partition("`\n")[0]: section for section in listed().split("\n### `")[1:]}
    assert list(sections) == sorted(kinds())
    assert [name for name, section in sections.items() if "- Refusals: `" not in section] == []
    assert [
        name for name, section in sections.items() if name.startswith("record_") and "- Success line: `" not in section
    ] == []
