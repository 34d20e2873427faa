"""Transactions drawn as trees: which are found, what each shows, and how they belong together."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bake_tracker.domain.amounts import amount_of
from bake_tracker.domain.errors import InsufficientComponentsError, ValidationError
from bake_tracker.domain.log.tree import TransactionNode, build_trees, walk
from bake_tracker.log.reader import read_trees
from bake_tracker.queries.stock.draws import load_consumed
from bake_tracker.services.database import engine_for, read_scope, run_in_transaction, session_scope
from bake_tracker.services.production.bake_and_pack import record_bake_and_pack
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.log.lines import boxes, cookies
from support.log.makers import an_id, at, line, write

pytestmark = pytest.mark.one_database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bakery.log.jsonl"


@pytest.fixture
def bakery(bake: CommandLine, kitchen: Kitchen) -> CommandLine:
    """The command line, on a kitchen that can bake and pack, with logging set up."""
    assert bake("log", "stats").code == 1
    kitchen.simple_bakery()
    return bake


def numbers(trees: list[TransactionNode]) -> list[list[int]]:
    """The numbers of the operations in each tree."""
    return [[int(node.line["operation_id"][-6:]) for node in walk(tree.operations)] for tree in trees]


def texts(printed: str) -> list[str]:
    """The text of each line of a drawn tree, without branches, times and counts."""
    return [text.lstrip("│├└─ ").split("  ")[0] for text in printed.splitlines()]


def test_a_tree_is_found_by_any_of_its_ids_or_their_beginning(path: Path) -> None:
    """A transaction, operation, request or trace id finds the whole transaction, in every file."""
    ids = {"transaction_id": an_id(7), "request_id": "a2" * 16, "trace_id": "b3" * 16}
    parts = [line(1, parent_operation_id=an_id(3), **ids), line(2, parent_operation_id=an_id(3), **ids)]
    write(path.with_name(f"{path.name}.1.gz"), [parts[0], *(line(n) for n in range(100, 150))])
    write(path, [parts[1], line(3, **ids), line(4)])
    bare = an_id(7).replace("-", "")
    for wanted in (an_id(7), an_id(1), an_id(2).upper(), bare, f"{{{bare.upper()}}}", "a2a2a2a2", ("b3" * 16).upper()):
        assert numbers(read_trees(path, wanted)) == [[3, 1, 2]]
    assert read_trees(path, "0190b7a2") == []
    assert len(read_trees(path, "0190b7a1")) == 52


def test_an_id_that_begins_like_too_many_is_refused(path: Path) -> None:
    """A thousand trees would help nobody, and would fill the memory."""
    write(path, [line(n) for n in range(1, 1_002)])
    with pytest.raises(ValidationError, match="give more of the id"):
        read_trees(path, "0190")
    assert len(read_trees(path, an_id(500_001)[:-1])) == 9


def test_the_latest_transactions_are_whole_though_their_lines_are_far_apart(path: Path) -> None:
    """A refusal is written at once, its parent's success at the commit, with hundreds of other lines in between."""
    early = line(1, "conflict", parent_operation_id=an_id(900), transaction_id=an_id(7))
    late = line(900, transaction_id=an_id(7), duration_ms=899_500, settled_at=at(901))
    write(path, [line(0), early, *(line(n) for n in range(2, 900)), late, line(902)])
    assert numbers(read_trees(path, last=2)) == [[900, 1], [902]]
    assert [len(read_trees(path, last=count)) for count in (1, 5, 900)] == [1, 5, 900]


def test_the_latest_transactions_are_read_over_rotated_files(path: Path) -> None:
    """The newest file alone may hold too few."""
    write(path.with_name(f"{path.name}.1.gz"), [line(n) for n in range(4)])
    write(path, [line(4), '{"torn'])
    assert numbers(read_trees(path, last=3)) == [[2], [3], [4]]


def test_attempts_stand_beside_each_other(path: Path) -> None:
    """Attempts of one transaction form one story, whatever happened in between, and whichever id finds it."""
    first = line(1, "retried", transaction_id=an_id(70))
    other = line(2)
    second = line(1, "retried", transaction_id=an_id(71), attempt=2, timestamp=at(3))
    third = line(1, "success", transaction_id=an_id(72), attempt=3, timestamp=at(5))
    write(path, [first, other, second, line(4), third])
    told = [(tree.transaction_id, tree.fate, tree.attempt) for tree in read_trees(path)]
    story = [(an_id(70), "retried", 1), (an_id(71), "retried", 2), (an_id(72), "committed", 3)]
    assert told == [*story, (line(2)["transaction_id"], "committed", 1), (line(4)["transaction_id"], "committed", 1)]
    for wanted in (an_id(1), an_id(70), an_id(71), an_id(72)):
        assert [(tree.transaction_id, tree.fate, tree.attempt) for tree in read_trees(path, wanted)] == story


def test_the_title_says_which_attempt_it_was(bake: CommandLine) -> None:
    """The title names the earlier failed attempt, too."""
    write(
        bake.log_file,
        [
            line(1, "retried", error="OperationalError: busy"),
            line(1, transaction_id=an_id(7), attempt=2, timestamp=at(2)),
        ],
    )
    printed = bake("log", "tree", an_id(1)).out
    assert "transaction 0190b7a1-0000  retried\n" in printed
    assert "committed on attempt 2, after 0190b7a1-0000 failed" in printed
    assert bake("log", "tree", an_id(1), "--json").json[1]["retry_of"] == line(1)["transaction_id"]


def test_a_line_without_an_outcome_is_not_an_operation() -> None:
    """Lines of other programs may carry an operation id too."""
    assert build_trees([{"timestamp": at(1), "operation_id": an_id(1)}, line(2, "started")]) == []


def test_the_lots_an_operation_consumed_are_its_twigs(bakery: CommandLine, kitchen: Kitchen) -> None:
    """The lots come from the ledger by the operation's id, in the order they were taken."""
    with session_scope() as session:
        made = cookies(kitchen, session)
        packed = boxes(kitchen, session)
    printed = texts(bakery("log", "tree", made["operation_id"]).out)
    for result in (made, packed):
        for used in result["consumptions"]:
            slug = used.get("ingredient_slug") or used.get("component_slug") or used["item_slug"]
            assert f"{amount_of(used['quantity'], used['unit'], slug)} from lot {used['lot_code']}" in printed
    (told,) = bakery("log", "tree", made["operation_id"], "--json").json
    assert [taken["lot_code"] for taken in told["operations"][0]["consumed"]] == [
        used["lot_code"] for used in made["consumptions"]
    ]


def test_a_rolled_back_operation_consumed_nothing(bakery: CommandLine, kitchen: Kitchen) -> None:
    """An operation that was rolled back shows no lots."""
    with pytest.raises(ZeroDivisionError), session_scope() as session:
        made = cookies(kitchen, session)
        raise ZeroDivisionError
    printed = bakery("log", "tree", made["operation_id"]).out
    assert "rolled_back" in printed
    assert "from lot" not in printed


def test_the_lots_of_all_operations_come_in_one_statement(kitchen: Kitchen) -> None:
    """One statement is enough however many operations the trees hold."""
    kitchen.simple_bakery()
    ids = [cookies_made(kitchen) for _ in range(3)]
    statements: list[str] = []

    def listen(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    with read_scope() as session:
        session.connection()
        event.listen(engine_for(), "before_cursor_execute", listen)
        consumed = load_consumed(session, [transaction for transaction, _ in ids] + ["no uuid", an_id(1)])
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 1
    assert set(consumed) == {operation for _, operation in ids}


def cookies_made(kitchen: Kitchen) -> tuple[str, str]:
    made = run_in_transaction(lambda session: cookies(kitchen, session))
    ((transaction,),) = kitchen.rows(f"SELECT transaction_id FROM operation WHERE id = '{made['operation_id']}'")
    return str(transaction), made["operation_id"]


def test_a_tree_is_drawn_when_the_database_cannot_be_opened(
    bakery: CommandLine, kitchen: Kitchen, tmp_path: Path
) -> None:
    """That is when people look into the log; and looking creates no database."""
    with session_scope() as session:
        made = cookies(kitchen, session)
    broken = tmp_path / "broken.db"
    broken.write_text("no database" * 1_000)
    done = bakery("log", "tree", made["operation_id"], "--database", f"sqlite:///{broken}")
    assert (done.code, "record_batch_production: success" in done.out, "from lot" in done.out) == (0, True, False)
    assert "This tree uses only the log" in done.err
    absent = tmp_path / "absent.db"
    done = bakery("log", "tree", made["operation_id"], "--database", f"sqlite:///{absent}")
    assert (done.code, "record_batch_production: success" in done.out) == (0, True)
    assert not absent.exists()


def test_a_refusal_inside_a_committed_transaction_is_in_its_title(bakery: CommandLine, kitchen: Kitchen) -> None:
    """Part of it did not happen: the caller went on without the boxes."""
    with session_scope() as session:
        made = cookies(kitchen, session)
        with pytest.raises(InsufficientComponentsError):
            boxes(kitchen, session, 10_000)
    printed = bakery("log", "tree", made["operation_id"]).out
    assert "committed, except for 1 refused operation" in printed


def test_the_cause_of_a_failure_is_marked(bakery: CommandLine, kitchen: Kitchen) -> None:
    """The parent names the cause, which is shown apart from the operations that merely failed with it."""
    with pytest.raises(InsufficientComponentsError), session_scope() as session:
        ids = kitchen.ids
        record_bake_and_pack(ids["Cookies"], ids["Cookie"], 1, 24, ids["Box"], 10_000, session=session)
    (tree,) = bakery("log", "tree", "--last", "1", "--json").json
    parent = tree["operations"][0]
    marked = [child["operation"] for child in parent["children"] if child["is_cause"]]
    assert marked == ["record_assembly"]
    assert parent["cause_operation_id"] == parent["children"][-1]["operation_id"]


def test_lines_of_strange_shapes_are_drawn_as_far_as_they_go(bake: CommandLine) -> None:
    """A hand-made line may hold anything; it neither breaks the tree nor colours the terminal."""
    strange = {"shortages": "flour", "exception": {"frames": 3}, "attempt": "two", "duration_ms": "long", "level": None}
    write(bake.log_file, [line(1, "error", **strange, note="\x1b[31mred", error=["no", "text"])])
    for words in (["tree", "--last", "1"], ["tree", an_id(1)], ["stats"], ["find", "--level", "DEBUG"], ["tail"]):
        done = bake("log", *words)
        assert (done.code, "\x1b" in done.out, "record_receipt" in done.out) == (0, False, True)


def test_the_frames_of_an_error_are_shown(bake: CommandLine) -> None:
    """The last three are shown, those nearest to the error."""
    frames = [f"/app/{n}.py:1 f" for n in range(9)]
    write(bake.log_file, [line(1, "error", error="KeyError: 'x'", exception={"type": "KeyError", "frames": frames})])
    printed = bake("log", "tree").out
    assert [n for n in range(9) if f"at /app/{n}.py:1 f" in printed] == [6, 7, 8]


def test_an_id_and_a_number_of_latest_transactions_exclude_each_other(bake: CommandLine) -> None:
    """One of the two would be ignored; and an empty id would match every operation."""
    write(bake.log_file, [line(1)])
    both, empty = bake("log", "tree", "--last", "3", an_id(1)), bake("log", "tree", "")
    assert (both.code, "not both" in " ".join(both.err.split())) == (2, True)
    assert (empty.code, "the ID is empty" in " ".join(empty.err.split())) == (2, True)


def test_conditions_find_every_attempt_at_what_was_tried_again(bake: CommandLine) -> None:
    """They do so even if the matching line is the attempt's own, which belongs to no operation."""
    first = line(1, "rolled_back", error="OperationalError: locked")
    retried = line(2, "retried", operation="run_in_transaction", transaction_id=first["transaction_id"])
    del retried["operation_id"]
    write(bake.log_file, [first, retried, line(3, operation_id=an_id(1), attempt=2), line(4, actor="ada")])
    trees = bake("log", "tree", "outcome=retried", "--json").json
    assert [(tree["fate"], tree["attempt"]) for tree in trees] == [("rolled back", 1), ("committed", 2)]
    assert [tree["fate"] for tree in bake("log", "tree", an_id(500_001), "--json").json] == ["rolled back", "committed"]
    assert len(bake("log", "tree", "outcome=success", "actor=ada", "--json").json) == 1
    assert len(bake("log", "tree", "--since", at(3), "--json").json) == 3
    none = bake("log", "tree", "actor=eve")
    assert (none.code, none.err) == (1, f"No transaction in the log has a line that matches ({bake.log_file}).\n")
    both = bake("log", "tree", "actor=ada", "--last", "2")
    assert (both.code, "not both" in " ".join(both.err.split())) == (2, True)


def test_an_operation_without_a_line_is_found_in_the_ledger(bakery: CommandLine, kitchen: Kitchen) -> None:
    """Its process died before it wrote the line, or the file is gone; what was never recorded is in neither."""
    kept = kitchen.receive("Flour", 1, "kg")["operation_id"]
    bakery.log_file.unlink()
    told = bakery("log", "tree", kept)
    assert told.code == 1
    assert f"record_receipt {kept} was committed" in told.err
    assert "bake log verify --repair writes its line" in told.err
    assert bakery("log", "tree", an_id(7)).err == f"The log has nothing about {an_id(7)} ({bakery.log_file}).\n"
