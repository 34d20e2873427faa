"""The errors that services raise, as a tree.

ServiceError
├── ValidationError                 an argument is not allowed
│   ├── FinishedUnitRecipeMismatchError
│   ├── RecipeCycleError            also for finished goods that would contain themselves
│   └── ImportRefusedError          a file has rows that cannot be imported
├── NotFoundError
│   ├── RecipeNotFoundError
│   ├── FinishedUnitNotFoundError
│   ├── FinishedGoodNotFoundError
│   ├── ItemNotFoundError
│   ├── SupplierNotFoundError
│   ├── ProductNotFoundError
│   ├── LotNotFoundError
│   ├── RecipientNotFoundError
│   ├── OperationNotFoundError
│   ├── EventNotFoundError
│   ├── DeliveryNotFoundError
│   ├── OrderNotFoundError
│   ├── PurchaseOrderNotFoundError
│   ├── AcceptedPlanNotFoundError
│   ├── StandingOrderNotFoundError
│   ├── UserNotFoundError
│   └── ApiTokenNotFoundError
├── UnitConversionError             a conversion needs a missing measure
├── InsufficientInventoryError      ingredients are short
├── InsufficientComponentsError     components are short
├── LabelDiffersError               the run would differ from the label on file
├── LabelIncompleteError            the label lacks facts, such as allergens
├── ConflictError                   the request contradicts what is recorded
│   ├── CountedSinceError           a lot was counted after the time of the change
│   └── DependentsError             later operations depend on the one to undo
│       └── StaysError              and it made something that the ledger uses
├── AccessError                     access is denied
│   ├── SignInNeededError           nobody is signed in
│   ├── SignInRefusedError          the name or the password is wrong
│   ├── TooManyAttemptsError        try again later
│   ├── TooBusyError                too many people sign in at this moment
│   └── ForbiddenError              the role does not allow it, or another site sent the request
└── DatabaseUnavailableError        the database cannot be used
    ├── EmptyDatabaseError          it holds nothing yet
    ├── DiskFullError               its disk is full
    └── OutcomeUnknownError         the connection broke during COMMIT

Every error has its fields as attributes, a stable ``code``, and ``log_fields()``: the ids and slugs for its log line.
``outcome`` is the outcome of that line.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NotRequired, TypedDict

from bake_tracker.domain.amounts import amount
from bake_tracker.domain.remedies import Remedy, Words, mended


class Shortage(TypedDict):
    """An ingredient (or one of its lots) that is short; quantities are exact decimal strings in ``unit``.

    ``came_later`` is stock that arrived only after the day of an operation that is recorded late.
    """

    ingredient_slug: str
    ingredient_name: str
    needed: str
    available: str
    unit: str
    lot_code: NotRequired[str]
    came_later: NotRequired[str]


class ComponentShortage(TypedDict):
    """A component of an assembly that is short; quantities are exact decimal strings in ``unit``."""

    component_type: str
    component_id: int
    component_slug: str
    component_name: str
    needed: str
    available: str
    unit: str
    lot_code: NotRequired[str]
    came_later: NotRequired[str]


class Problem(TypedDict):
    """An argument that is not allowed: its name, what is wrong and what to do."""

    field: str
    problem: str
    remedy: NotRequired[Remedy]


class ServiceError(Exception):
    """The base class of every refusal by a service."""

    code: ClassVar[str] = "service_error"
    outcome: ClassVar[str] = "error"

    def __init__(self, *told: object, remedy: Remedy | None = None) -> None:
        self.remedy = remedy
        super().__init__(*told)

    def in_words(self, words: Words) -> str:
        """The text with its remedy, in the words of one interface."""
        return mended(str(self), self.remedy, words)

    def log_fields(self) -> dict[str, Any]:
        """Ids and slugs for the log line of this refusal."""
        return {}


class ValidationError(ServiceError):
    """One or more arguments are not allowed; ``problems`` lists all of them."""

    code = "validation_failed"
    outcome = "validation_failed"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{p['field']}: {p['problem']}" for p in self.problems))

    @classmethod
    def of(cls, field: str, problem: str, remedy: Remedy | None = None) -> "ValidationError":
        """The error for a single argument."""
        one: Problem = {"field": field, "problem": problem}
        return cls([one if remedy is None else {**one, "remedy": remedy}])

    def in_words(self, words: Words) -> str:
        return "; ".join(f"{p['field']}: {mended(p['problem'], p.get('remedy'), words)}" for p in self.problems)

    def log_fields(self) -> dict[str, Any]:
        return {"fields": list(dict.fromkeys(p["field"] for p in self.problems))}


class DoubtfulError(ValidationError):
    """What was asked for looks mistyped, and nobody has confirmed it; ``warnings`` has a code for each reason."""

    code = "doubtful"

    def __init__(self, told: Sequence[str], warnings: Sequence[str] = ()) -> None:
        self.warnings = list(warnings)
        super().__init__([{"field": "", "problem": one} for one in told])
        self.args = ("; ".join(told),)

    def log_fields(self) -> dict[str, Any]:
        return {"warnings": self.warnings} if self.warnings else {}


class FinishedUnitRecipeMismatchError(ValidationError):
    """The recipe does not make this finished unit."""

    code = "finished_unit_recipe_mismatch"

    def __init__(self, recipe_id: int, finished_unit_id: int, made: Sequence[str]) -> None:
        self.recipe_id, self.finished_unit_id, self.made = recipe_id, finished_unit_id, list(made)
        what = f"it makes {', '.join(made)}" if made else "it has no yield yet; set one first"
        super().__init__(
            [
                {
                    "field": "finished_unit_id",
                    "problem": f"recipe {recipe_id} does not make finished unit {finished_unit_id}; {what}",
                }
            ]
        )

    def log_fields(self) -> dict[str, Any]:
        return {"recipe_id": self.recipe_id, "finished_unit_id": self.finished_unit_id}


class RecipeCycleError(ValidationError):
    """Something would contain itself; ``path`` shows how."""

    code = "cycle"

    def __init__(self, field: str, path: Sequence[str]) -> None:
        self.path = list(path)
        super().__init__([{"field": field, "problem": f"it would contain itself: {' > '.join(path)}"}])

    def log_fields(self) -> dict[str, Any]:
        return {"path": self.path}


class ImportRefusedError(ValidationError):
    """Some rows of a file cannot be imported, so nothing was; ``report`` lists them."""

    code = "import_refused"

    def __init__(self, report: Any, refused_count: int) -> None:
        self.report, self.refused_count = report, refused_count
        super().__init__(
            [
                {
                    "field": "file",
                    "problem": f"{refused_count} row{'s' * (refused_count != 1)} cannot be taken, so nothing was; "
                    "correct them",
                    "remedy": {"kind": "take_good_rows"},
                }
            ]
        )

    def log_fields(self) -> dict[str, Any]:
        return {"refused_count": self.refused_count}


class NotFoundError(ServiceError):
    """There is nothing of this ``kind`` with this ``key``."""

    code = "not_found"
    outcome = "not_found"
    kind: ClassVar[str] = "record"
    field: ClassVar[str] = "id"

    def __init__(self, key: object, suggestions: Sequence[str] = ()) -> None:
        self.key, self.suggestions = key, list(suggestions)
        hint = f"; did you mean {' or '.join(self.suggestions)}?" if self.suggestions else ""
        super().__init__(f"there is no {self.kind} {key!r}{hint}")

    def log_fields(self) -> dict[str, Any]:
        return {self.field: self.key}


class RecipeNotFoundError(NotFoundError):
    code = outcome = "recipe_not_found"
    kind, field = "recipe", "recipe_id"


class FinishedUnitNotFoundError(NotFoundError):
    code = outcome = "finished_unit_not_found"
    kind, field = "finished unit", "finished_unit_id"


class FinishedGoodNotFoundError(NotFoundError):
    code = outcome = "finished_good_not_found"
    kind, field = "finished good", "finished_good_id"


class ItemNotFoundError(NotFoundError):
    code = outcome = "item_not_found"
    kind, field = "item", "item_id"


class SupplierNotFoundError(NotFoundError):
    code = outcome = "supplier_not_found"
    kind, field = "supplier", "supplier_id"


class ProductNotFoundError(NotFoundError):
    code = outcome = "product_not_found"
    kind, field = "product", "product_id"

    def __init__(self, key: object, suggestions: Sequence[str] = (), *, of: str | None = None) -> None:
        super().__init__(key, suggestions)
        if of is not None:
            self.args = (f"{of}: {self}",)


class LotNotFoundError(NotFoundError):
    code = outcome = "lot_not_found"
    kind, field = "lot", "lot_id"


class RecipientNotFoundError(NotFoundError):
    code = outcome = "recipient_not_found"
    kind, field = "recipient", "recipient_id"


class OperationNotFoundError(NotFoundError):
    code = outcome = "operation_not_found"
    kind, field = "operation", "operation_id"


class EventNotFoundError(NotFoundError):
    code = outcome = "event_not_found"
    kind, field = "event", "event_id"


class DeliveryNotFoundError(NotFoundError):
    code = outcome = "delivery_not_found"
    kind, field = "delivery", "delivery_id"


class OrderNotFoundError(NotFoundError):
    code = outcome = "order_not_found"
    kind, field = "order", "order_id"


class PurchaseOrderNotFoundError(NotFoundError):
    code = outcome = "purchase_order_not_found"
    kind, field = "purchase order", "purchase_order_id"


class AcceptedPlanNotFoundError(NotFoundError):
    code = outcome = "accepted_plan_not_found"
    kind, field = "accepted plan", "plan_id"


class StandingOrderNotFoundError(NotFoundError):
    code = outcome = "standing_order_not_found"
    kind, field = "standing order", "standing_order_id"


class UserNotFoundError(NotFoundError):
    code = outcome = "user_not_found"
    kind, field = "user", "user_id"


class ApiTokenNotFoundError(NotFoundError):
    code = outcome = "api_token_not_found"
    kind, field = "API token", "api_token_id"


class AccessError(ServiceError):
    """Access is denied."""

    code = outcome = "access_refused"


class SignInNeededError(AccessError):
    """Nobody is signed in, or the session has ended."""

    code = outcome = "sign_in_needed"

    def __init__(self) -> None:
        super().__init__("sign in first, or send an API token")


class SignInRefusedError(AccessError):
    """The name or the password is wrong; the error does not say which."""

    code = outcome = "sign_in_refused"

    def __init__(self) -> None:
        super().__init__("the name or the password is wrong")


class TooManyAttemptsError(AccessError):
    """Too many requests in a short time; ``retry_after_s`` says when to try again."""

    code = outcome = "too_many_attempts"

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"too many attempts; try again in {retry_after_s} seconds")

    def log_fields(self) -> dict[str, Any]:
        return {"retry_after_s": self.retry_after_s}


class TooBusyError(AccessError):
    """More passwords wait to be checked than a small server should do at once."""

    code = outcome = "too_busy"

    def __init__(self) -> None:
        super().__init__("too many people are signing in at this moment; try again in a few seconds")


class ForbiddenError(AccessError):
    """The role does not allow it, or the request came from another site."""

    code = outcome = "forbidden"


class UnitConversionError(ServiceError):
    """A conversion needs a measure that is not recorded; ``problems`` lists every ingredient."""

    code = outcome = "unit_conversion_failed"

    def __init__(self, problems: Iterable["ConversionProblem"]) -> None:
        self.problems = list(problems)
        first = self.problems[0]
        self.ingredient_slug = first["ingredient_slug"]
        self.from_unit, self.to_unit = first["from_unit"], first["to_unit"]
        super().__init__("; ".join(p["problem"] for p in self.problems))

    def in_words(self, words: Words) -> str:
        return "; ".join(mended(p["problem"], p.get("remedy"), words) for p in self.problems)

    @property
    def remedies(self) -> list[Remedy]:
        """The remedies of the problems that have one."""
        return [p["remedy"] for p in self.problems if "remedy" in p]

    def log_fields(self) -> dict[str, Any]:
        return {
            "ingredient": self.ingredient_slug,
            "ingredients": [p["ingredient_slug"] for p in self.problems],
            "from_unit": self.from_unit,
            "to_unit": self.to_unit,
        }


class ConversionProblem(TypedDict):
    """An ingredient whose unit cannot be converted, and what would help."""

    ingredient_slug: str
    from_unit: str
    to_unit: str
    problem: str
    remedy: NotRequired[Remedy]


class InsufficientInventoryError(ServiceError):
    """Ingredients are short; ``shortages`` lists all of them, ``ingredient_slug`` is the first."""

    code = "insufficient_inventory"
    outcome = "insufficient_inventory"

    def __init__(self, shortages: Sequence[Shortage]) -> None:
        self.shortages = list(shortages)
        self.ingredient_slug = self.shortages[0]["ingredient_slug"]
        super().__init__("; ".join(_short(s.get("lot_code", s["ingredient_slug"]), s) for s in self.shortages))

    def log_fields(self) -> dict[str, Any]:
        return {
            "ingredient": self.ingredient_slug,
            "missing_ingredients": [s["ingredient_slug"] for s in self.shortages],
            "shortages": self.shortages,
        }


class InsufficientComponentsError(ServiceError):
    """Components are short; ``shortages`` lists all of them."""

    code = "insufficient_components"
    outcome = "insufficient_components"

    def __init__(self, shortages: Sequence[ComponentShortage]) -> None:
        self.shortages = list(shortages)
        self.component_slug = self.shortages[0]["component_slug"]
        super().__init__("; ".join(_short(s.get("lot_code", s["component_slug"]), s) for s in self.shortages))

    def log_fields(self) -> dict[str, Any]:
        return {
            "missing_components": [s["component_slug"] for s in self.shortages],
            "shortages": self.shortages,
        }


class LabelDiffersError(ServiceError):
    """The run would differ from the label on file, and the bakery refuses such runs; nothing was written."""

    code = outcome = "label_differs"

    def __init__(self, item_slug: str, said: str, difference: Mapping[str, Any], remedy: Remedy) -> None:
        self.item_slug, self.difference = item_slug, dict(difference)
        super().__init__(f"this run of {item_slug} would differ from its label: {said}; use other lots", remedy=remedy)

    def log_fields(self) -> dict[str, Any]:
        return {"item": self.item_slug, "label_differs": self.difference}


class LabelIncompleteError(ServiceError):
    """Facts for a label are missing; ``problems`` lists all of them."""

    code = outcome = "label_incomplete"

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{p['field']}: {p['problem']}" for p in self.problems))

    def in_words(self, words: Words) -> str:
        return "; ".join(f"{p['field']}: {mended(p['problem'], p.get('remedy'), words)}" for p in self.problems)

    def log_fields(self) -> dict[str, Any]:
        return {"items": [p["field"] for p in self.problems]}


class ConflictError(ServiceError):
    """The request contradicts what is recorded, for example with an operation id that is already taken."""

    code = outcome = "conflict"

    def __init__(self, message: str, *, remedy: Remedy | None = None, **fields: Any) -> None:
        self.fields = fields
        super().__init__(message, remedy=remedy)

    def log_fields(self) -> dict[str, Any]:
        return self.fields


class CountSince(TypedDict):
    """A count of a lot after the time of a change to it; the quantity is in the lot's base unit."""

    lot_id: int
    lot_code: str
    stocktake_id: int
    counted_at: str
    counted: str
    unit: str


class CountedSinceError(ConflictError):
    """A change would alter what a later count found; ``counts`` lists the latest count of each of those lots."""

    code = "counted_since"

    def __init__(self, counts: Sequence[CountSince], local_times: Sequence[str]) -> None:
        self.counts = list(counts)
        said = "; ".join(
            f"lot {one['lot_code']} was counted at {when} ({amount(one['counted'], one['unit'])})"
            for one, when in zip(counts, local_times, strict=True)
        )
        super().__init__(
            f"{said}, and this happened before",
            remedy={"kind": "answer_count"},
            counts=self.counts,
        )


class Dependent(TypedDict):
    """An operation that depends on another, with the operations that depend on it in turn.

    ``lots`` and ``things`` (catalogue entries) are what it used from the other operation.
    """

    operation_id: str
    operation: str
    recorded_at: str
    lots: list[str]
    things: list[str]
    dependents: list["Dependent"]


class DependentsError(ConflictError):
    """Later operations depend on the one to undo; ``dependents`` is their tree."""

    code = "has_dependents"

    def __init__(self, operation_id: str, dependents: Sequence[Dependent], count: int) -> None:
        self.dependents = list(dependents)
        later = "1 later operation depends" if count == 1 else f"{count} later operations depend"
        which = "the later one" if count == 1 else "the later ones"
        super().__init__(
            f"{later} on {operation_id}; undo {which} first, or all of them with cascade",
            reversed_operation_id=operation_id,
            dependents=self.dependents,
        )


class StaysError(DependentsError):
    """The operation to undo made something that the ledger uses; ``dependents`` still depend on it."""

    code = "stays"

    def __init__(self, operation_id: str, stays: Sequence[str], dependents: Sequence[Dependent], count: int) -> None:
        super().__init__(operation_id, dependents, count)
        named = ", ".join(stays[:5]) + (f" and {len(stays) - 5} more" if len(stays) > 5 else "")
        self.stays = list(stays)
        self.args = (
            f"{named}: used in the ledger, so this cannot be undone; leave it in the catalogue and stop using it",
        )


class DatabaseUnavailableError(ServiceError):
    """The database cannot be reached or holds no bakery; the message says what to do."""

    code = "database_unavailable"


class EmptyDatabaseError(DatabaseUnavailableError):
    """There is no bakery in the database, and nothing else either."""


class DiskFullError(DatabaseUnavailableError):
    """The disk of the database is full, so nothing was recorded; the message names the database."""

    code = "disk_full"


class OutcomeUnknownError(DatabaseUnavailableError):
    """The connection broke during COMMIT, and the outcome is unknown; the message says how to find out."""

    code = "outcome_unknown"


def _short(slug: str, shortage: Shortage | ComponentShortage) -> str:
    needed, there = (amount(quantity, shortage["unit"]) for quantity in (shortage["needed"], shortage["available"]))
    told = f"{slug}: {needed} needed, {there} available"
    if "came_later" in shortage:
        told += f"; {amount(shortage['came_later'], shortage['unit'])} arrived only after that day"
    return told
