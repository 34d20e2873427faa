"""What is the same for every call of an operation: its name, logger, words and the fields of its line."""

import logging
import sys
from dataclasses import dataclass, field

from bake_tracker.log.events import Where
from bake_tracker.log.tell import Place, get_service_logger, places_of


@dataclass(frozen=True, slots=True)
class Kind:
    """The constants of an operation: its name, logger, words and the fields of its success line.

    ``words`` describe to people what was done ("Baked"). ``sometimes`` lists fields that only some results have. The
    function of this name, in the module that declares the kind, runs it; ``services/kinds.py`` finds them all.
    """

    name: str
    service: str
    words: str
    entry_message: str | None = None
    success_fields: tuple[str, ...] = ()
    passed_message: str | None = None
    sometimes: tuple[str, ...] = ()

    logger: logging.Logger = field(init=False, repr=False, compare=False)
    told_fields: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The result's fields that the success line includes if they are present."""
    places: tuple[Place, ...] = field(init=False, repr=False, compare=False)
    where: Where = field(init=False, repr=False, compare=False)
    """The service's function, which other loggers show as the place of the line."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "logger", get_service_logger(self.service))
        object.__setattr__(self, "told_fields", (*self.success_fields, *self.sometimes))
        object.__setattr__(self, "places", places_of(self.told_fields))
        module = sys._getframe(2)  # around this method and ``__init__``
        object.__setattr__(self, "where", (module.f_code.co_filename, 0, self.name, module.f_globals["__name__"]))
