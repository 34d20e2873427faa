"""The lines of a plan as people read them."""

from bake_tracker.domain.planning.demand import Demand
from bake_tracker.domain.planning.making import BatchProduct, Making, Packing
from bake_tracker.domain.planning.requirements import net
from bake_tracker.domain.planning.tasks import ends_of, ends_of_demand, tasks_of

BUN = Making("buns", (BatchProduct("bun", 24, keeps=2),), {"dough": 1_000})
DOUGH = Making("dough", (BatchProduct("dough", 5_000),), {"flour": 3_000})
BOX = Packing("box", {"bun": 6})
ANN, BOB = Demand("ann", "box", 3, 5, number=1), Demand("bob", "box", 3, 2, number=2)
LATER = Demand("eve", "bun", 5, 40, number=3)
PLAN = net([BOB, ANN, LATER], [], makings=[BUN, DOUGH], packings=[BOX])


def test_all_boxes_of_a_day_are_one_task_after_their_parts() -> None:
    """Days come in order, and within a day what is taken comes before what takes it."""
    tasks = tasks_of(PLAN, 1, 9)
    assert [(task.number, task.way, task.day, task.batches) for task in tasks] == [
        (1, "dough", 3, 1),
        (2, "buns", 3, 2),
        (3, "box", 3, 7),
        (4, "buns", 5, 2),
    ]
    assert (tasks[2].gives, tasks[2].takes) == ({"box": 7}, {"bun": 42})
    assert len(tasks[2].lines) == 2


def test_tasks_of_some_days_are_numbered_from_one() -> None:
    """Other days are left out."""
    assert [(task.number, task.way, task.day) for task in tasks_of(PLAN, 4, 9)] == [(1, "buns", 5)]


def test_each_line_is_for_somebody_in_the_end() -> None:
    """The orders are found through boxes and batches, each once."""
    ends = ends_of(PLAN)
    by_task = {
        (task.way, task.day): {one.ref for line in task.lines for one in ends[line]} for task in tasks_of(PLAN, 1, 9)
    }
    assert by_task["dough", 3] == {"ann", "bob", "eve"}
    assert by_task["box", 3] == {"ann", "bob"}
    assert by_task["buns", 5] == {"eve"}
    (flour,) = PLAN.unmet
    assert {one.ref for one in ends_of_demand(flour.demand, ends)} == {"ann", "bob", "eve"}
    assert ends_of_demand(ANN, ends) == (ANN,)
