"""The rule of a standing order: a small part of RFC 5545."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bake_tracker.domain.orders.rule import Rule, read_rule
from bake_tracker.domain.written import UnreadableError

TUESDAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("text", "days", "words"),
    [
        ("FREQ=DAILY;INTERVAL=3", ["12-01", "12-04", "12-07", "12-10", "12-13"], "every 3 days"),
        ("FREQ=WEEKLY", ["12-01", "12-08"], "every Tuesday"),
        ("RRULE:FREQ=WEEKLY;BYDAY=FR,TU", ["12-01", "12-04", "12-08", "12-11"], "every Tuesday and Friday"),
        ("freq=weekly;interval=2;byday=mo,we", ["12-02", "12-14"], "every 2 weeks on Monday and Wednesday"),
        ("FREQ=DAILY;UNTIL=20261202", ["12-01", "12-02"], "every day until 2026-12-02"),
    ],
)
def test_a_rule_says_its_days(text: str, days: list[str], words: str) -> None:
    """Weeks count from the week of the first day and begin on Monday, as in RFC 5545."""
    rule = read_rule(text, TUESDAY)
    seen = rule.days(TUESDAY, date(2026, 1, 1), date(2026, 12, 14))
    assert [f"{day:%m-%d}" for day in seen] == days
    assert rule.words == words


def test_the_last_day_of_the_calendar_is_a_day_too() -> None:
    """No day follows it, which must not break a question about it."""
    last = date.max
    assert list(read_rule("FREQ=DAILY", TUESDAY).days(TUESDAY, last, last)) == [last]
    assert list(read_rule("FREQ=DAILY;UNTIL=20261202", TUESDAY).days(TUESDAY, last, last)) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("FREQ=MONTHLY", "must begin with FREQ=DAILY or FREQ=WEEKLY"),
        ("INTERVAL=2", "must begin with FREQ"),
        ("FREQ=DAILY;COUNT=3", "cannot have 'COUNT=3'"),
        ("FREQ=DAILY;FREQ=DAILY", "each once"),
        ("daily", "cannot have 'DAILY'; it takes FREQ, INTERVAL, BYDAY, UNTIL, each once, such as FREQ=WEEKLY"),
        ("FREQ=WEEKLY;INTERVAL=0", "from 1 to 52"),
        ("FREQ=WEEKLY;INTERVAL=²", "from 1 to 52"),
        ("FREQ=WEEKLY;BYDAY=1MO", "cannot have '1MO' in BYDAY"),
        ("FREQ=DAILY;BYDAY=MO", "use FREQ=WEEKLY"),
        ("FREQ=DAILY;UNTIL=20261131", "a day such as 20261224"),
        ("FREQ=DAILY;UNTIL=20261130", "ends on 2026-11-30, before its first day 2026-12-01"),
        ("", "cannot have ''"),
    ],
)
def test_a_rule_that_is_not_known_is_refused(text: str, problem: str) -> None:
    """The refusal says what it takes."""
    with pytest.raises(UnreadableError, match=problem):
        read_rule(text, TUESDAY)


RULES = st.builds(
    Rule,
    st.just("WEEKLY"),
    st.integers(1, 5),
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    st.none() | st.dates(TUESDAY, TUESDAY + timedelta(days=100)),
)


@given(RULES)
def test_a_rule_is_read_as_it_is_written(rule: Rule) -> None:
    """And its days are the same whichever part of them is asked for."""
    assert read_rule(str(rule), TUESDAY) == rule
    middle, end = TUESDAY + timedelta(days=40), TUESDAY + timedelta(days=90)
    whole = list(rule.days(TUESDAY, TUESDAY, end))
    assert whole == [*rule.days(TUESDAY, TUESDAY, middle), *rule.days(TUESDAY, middle + timedelta(days=1), end)]
    assert {day.weekday() for day in whole} <= set(rule.weekdays)
