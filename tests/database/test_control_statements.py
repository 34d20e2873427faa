"""COMMIT, ROLLBACK and savepoints are found in SQL text, and nothing else is."""

import pytest

from bake_tracker.database.control_statements import controls_in

LONG = "b" * 70

FOUND_ON_BOTH = {
    "commit": ["commit"],
    "END TRANSACTION": ["commit"],
    "/* a */ -- b\n ROLLBACK;": ["rollback"],
    "SAVEPOINT a": ["enter a"],
    'SAVEPOINT "a ""b"""': ['enter a "b"'],
    "release savepoint A": ["release a"],
    "RELEASE savepoint": ["release savepoint"],
    "ROLLBACK/**/WORK TO/*;*/a": ["undo a"],
    "ROLLBACK TRANSACTION TO SAVEPOINT a -- COMMIT": ["undo a"],
}
ON_POSTGRESQL = {
    "/* a /* b */ COMMIT */ SELECT 1": [],
    'SAVEPOINT "A"': ["enter A"],
    f"SAVEPOINT {LONG}": [f"enter {LONG[:63]}"],
    "SAVEPOINT " + "é" * 40: ["enter " + "é" * 31],
    "SELECT 1; COMMIT; ": ["other", "commit"],
    "SELECT ';COMMIT', $$;COMMIT$$, $a$;$$;COMMIT$a$, E'\\';COMMIT' -- ;COMMIT": [],
    "PREPARE TRANSACTION 'it''s'": ["prepare it's"],
    "COMMIT /* now */ PREPARED 'a'": ["commit prepared a"],
    "ROLLBACK PREPARED 'a'": ["rollback prepared a"],
    "PREPARE a AS SELECT 1": [],
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; COMMIT": [
        "other",
        "commit",
    ],
    "SELECT a[1]; ABORT": ["other", "rollback"],
}
ON_SQLITE = {
    "/* a /* b */ COMMIT": ["commit"],
    "SAVEPOINT [A]": ["enter a"],
    'RELEASE "A"': ["release a"],
    f"SAVEPOINT {LONG}": [f"enter {LONG}"],
    "CREATE TRIGGER t AFTER INSERT ON lot BEGIN SELECT 1; END; COMMIT": [],
}


def found(statement: str, *, is_postgresql: bool) -> list[str]:
    return [" ".join(one).strip() for one in controls_in(statement, is_postgresql=is_postgresql)]


@pytest.mark.parametrize("statement", FOUND_ON_BOTH)
def test_a_control_is_found_on_both_databases(statement: str) -> None:
    """Case and comments make no difference."""
    for is_postgresql in (False, True):
        assert found(statement, is_postgresql=is_postgresql) == FOUND_ON_BOTH[statement]


@pytest.mark.parametrize("statement", ON_POSTGRESQL)
def test_postgresqls_own_ways_to_write(statement: str) -> None:
    """Comments nest, names are cut, quotes keep case, and one string may hold several statements."""
    assert found(statement, is_postgresql=True) == ON_POSTGRESQL[statement]


@pytest.mark.parametrize("statement", ON_SQLITE)
def test_sqlites_own_ways_to_write(statement: str) -> None:
    """Comments do not nest, names ignore case, and a statement is alone in its string."""
    assert found(statement, is_postgresql=False) == ON_SQLITE[statement]
