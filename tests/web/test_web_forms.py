"""Forms read numbers as people write them, and show every problem beside its field."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest
from babel import Locale

from bake_tracker.domain.errors import ConflictError, InsufficientInventoryError, UnitConversionError, ValidationError
from bake_tracker.entrypoints.web.forms import Form, read_number

ENGLISH, GERMAN, FRENCH = (Locale.parse(name) for name in ("en_GB", "de", "fr"))


@pytest.mark.parametrize(
    ("typed", "english", "german"),
    [
        ("12", 12, 12),
        ("1.5", Decimal("1.5"), Decimal("1.5")),
        ("1,5", Decimal("1.5"), Decimal("1.5")),
        ("1,234.5", Decimal("1234.5"), None),
        ("1.234,5", None, Decimal("1234.5")),
        ("1.234", Decimal("1.234"), 1234),
        ("1,234", 1234, Decimal("1.234")),
        ("0,125", Decimal("0.125"), Decimal("0.125")),
        ("1 234", 1234, 1234),
        (",5", Decimal("0.5"), Decimal("0.5")),
        ("-3", -3, -3),
        ("1.2.3", None, None),
        ("12 34", None, None),
        ("1e3", None, None),
        ("NaN", None, None),
        ("٣", None, None),
        ("1_000", None, None),
        ("9" * 60, None, None),
    ],
)
def test_a_number_is_read_in_the_local_notation(
    typed: str, english: int | Decimal | None, german: int | Decimal | None
) -> None:
    """The other language's decimal point works too, unless it is ambiguous; other text is not a number."""

    def read(locale: Locale) -> int | Decimal | None:
        try:
            return read_number(typed, locale)
        except ValueError:
            return None

    assert (read(ENGLISH), read(GERMAN)) == (english, german)


@pytest.mark.parametrize("locale", [ENGLISH, GERMAN, FRENCH])
def test_a_prefilled_number_is_read_back_exactly(locale: Locale) -> None:
    """This holds in every language and for any number of digits."""
    for value in ("0", "0.000001", "1234.5", "1000000", "123456789.123456"):
        form = Form(locale).put(quantity=Decimal(value))
        assert form.number("quantity") == Decimal(value)
        assert form.problems == []


def test_all_unreadable_fields_are_reported_at_once() -> None:
    """Each problem appears beside its field; nothing is guessed."""
    form = Form(ENGLISH, [("a", "x"), ("b", "tomorrow"), ("c", "12h"), ("d", "-1"), ("e", " "), ("f", "1/0")])
    read = [form.number("a"), form.day("b"), form.moment("c"), form.key("d"), form.text("e", needed=True)]
    assert [*read, form.quantity("f"), form.number("g", needed=True)] == [None] * 7
    assert [problem["field"] for problem in form.problems] == list("abcdefg")
    with pytest.raises(ValidationError) as refused:
        form.done()
    shown = form.refused(refused.value)
    assert shown.problem("e") == "is needed"
    assert (shown["a"], shown.said) == ("x", refused.value.problems)


def test_readable_fields_are_exact() -> None:
    """Text loses its margins; days, wall-clock times, ids and fractions are read."""
    sent = {"t": " a\r\nb ", "d": "2026-11-23", "m": "2026-11-23T14:30", "k": "12", "q": "1 1/2", "n": ""}
    form = Form(ENGLISH, list(sent.items()))
    read = (form.text("t"), form.day("d"), str(form.moment("m")), form.key("k"), form.quantity("q"), form.number("n"))
    expected = ("a\nb", date(2026, 11, 23), "2026-11-23 14:30:00", 12, Fraction(3, 2), None)
    assert read == expected
    form.done()


def test_lines_are_forms_and_empty_ones_are_ignored() -> None:
    """Lines are numbered as a service sees them, so that its problems find their line."""
    sent = [
        (name, text)
        for texts in (("flour", "2"), ("", ""), ("egg", "x"))
        for name, text in zip("iq", texts, strict=True)
    ]
    form = Form(ENGLISH, sent)
    lines = form.rows("i", "q")
    assert [(line.text("i"), line.number("q")) for line in lines] == [("flour", 2), ("egg", None)]
    assert [problem["field"] for problem in form.problems] == ["q[1]"]
    assert (lines[0].problem("q"), bool(lines[1].problem("q"))) == (None, True)


def test_a_form_sent_twice_is_one_operation_and_another_one_is_new() -> None:
    """The id survives a refusal; a new id comes only when the old one was recorded with other values."""
    fresh = Form(ENGLISH)
    assert str(UUID(fresh.operation_id)) == fresh.operation_id == fresh.operation_id
    form = Form(ENGLISH, [("operation_id", fresh.operation_id)])
    short = InsufficientInventoryError(
        [{"ingredient_slug": "flour", "ingredient_name": "Flour", "needed": "3", "available": "1", "unit": "g"}]
    )
    assert form.refused(short).operation_id == fresh.operation_id
    assert (form.shortages[0]["missing"], form.said) == ("2", [])
    used = ConflictError("it was used", conflicting_operation="record_batch_production")
    again = Form(ENGLISH, [("operation_id", fresh.operation_id)]).refused(used)
    assert (again.earlier_id, again.operation_id != fresh.operation_id) == (fresh.operation_id, True)
    assert "already recorded" in again.said[0]["problem"]


def test_a_refusal_of_the_whole_form_is_shown_in_words() -> None:
    """Missing measures and contradictions have no field."""
    error = UnitConversionError(
        [{"ingredient_slug": "flour", "from_unit": "cup", "to_unit": "g", "problem": "flour has no density"}]
    )
    assert Form(ENGLISH).refused(error).said == [{"field": "", "problem": "flour has no density"}]
    assert Form(ENGLISH).refused(ConflictError("no")).said == [{"field": "", "problem": "no"}]
