"""The arguments of a production."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from bake_tracker.domain.arguments import Arguments
from bake_tracker.domain.choices import CountSaw, said_of_counts
from bake_tracker.domain.stock.outputs import Output, claimed_outputs, read_outputs
from bake_tracker.domain.stock.really_used import Used, claimed_used, read_used


@dataclass(frozen=True, slots=True)
class ProductionRequest:
    """Normalised arguments; two calls are the same if these are equal."""

    recipe_id: int
    finished_unit_id: int
    num_batches: int
    actual_micros: int
    scale_factor: Decimal | Fraction
    produced_at: datetime | None
    event_id: int | None
    loss_reason: str | None
    notes: str | None
    labour_micros: int | None = None
    overhead_micros: int | None = None
    used: tuple[Used, ...] = ()
    outputs: tuple[Output, ...] = ()
    count_saw: CountSaw | None = None

    @classmethod
    def read(
        cls, given: Arguments, time_zone: Callable[[], str], *, actual_yield: object, **asked: object
    ) -> "ProductionRequest":
        """Normalise the arguments, noting every problem in ``given``."""
        return cls(
            recipe_id=given.key("recipe_id", asked["recipe_id"]),
            finished_unit_id=given.key("finished_unit_id", asked["finished_unit_id"]),
            num_batches=given.batches("num_batches", asked["num_batches"]),
            actual_micros=given.micros("actual_yield", actual_yield),
            scale_factor=given.scale_factor("scale_factor", asked["scale_factor"]),
            produced_at=given.moment("produced_at", asked["produced_at"], time_zone),
            event_id=given.optional_key("event_id", asked["event_id"]),
            loss_reason=given.text("loss_reason", asked["loss_reason"]),
            notes=given.text("notes", asked["notes"]),
            labour_micros=_optional_money(given, "labour_cost", asked.get("labour_cost")),
            overhead_micros=_optional_money(given, "overhead_cost", asked.get("overhead_cost")),
            used=read_used(given, asked.get("used")),
            outputs=read_outputs(given, asked.get("outputs"), asked["finished_unit_id"]),
            count_saw=given.count_saw(asked.get("count_saw")),
        )

    @property
    def claimed(self) -> dict[str, object]:
        """The values that make two calls the same; arguments of later versions are included only if they were given."""
        later = ("labour_micros", "overhead_micros", "used", "outputs", "count_saw")
        first = {name: value for name, value in asdict(self).items() if name not in later}
        rates = {name: value for name in later[:2] if (value := getattr(self, name)) is not None}
        later_said = {**claimed_used(self.used), **claimed_outputs(self.outputs), **said_of_counts(self.count_saw)}
        return {**first, **rates, **later_said}

    @property
    def batches(self) -> Fraction:
        """The number of batches, including the scale."""
        return self.num_batches * Fraction(self.scale_factor)

    @property
    def scale_text(self) -> str:
        exact = self.scale_factor
        return str(exact) if isinstance(exact, Fraction) else format(exact, "f")


def _optional_money(given: Arguments, field: str, value: object) -> int | None:
    return None if value is None else given.micros(field, value)
