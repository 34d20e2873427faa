"""Operations keep their names and loggers, because other programs read them in logs and databases."""

import inspect
import json
import pkgutil
from importlib import import_module

import pytest

from bake_tracker import services
from bake_tracker.domain.access import OWNERS_OPERATIONS
from bake_tracker.domain.stock.reversal import NEVER
from bake_tracker.services.kinds import functions, kinds
from support.command_line import CommandLine
from support.kitchen import Kitchen
from support.writers import WRITERS, record_everything, writers_of

SERVICES = "bake_tracker.services."
LOGGERS = {
    "check_can_assemble": "assembly_service",
    "check_can_produce": "batch_production_service",
    "check_import": "import_service",
    "check_recipe_page": "page_import_service",
    "check_reversal": "reversal_service",
    "check_stocktake": "stocktake_service",
    "record_adjustment": "adjustment_service",
    "record_allergens": "allergen_service",
    "record_api_token": "access_service",
    "record_api_token_revocation": "access_service",
    "record_assembly": "assembly_service",
    "record_bake_and_pack": "bake_and_pack_service",
    "record_bakery": "catalog_service",
    "record_batch_production": "batch_production_service",
    "record_delivery": "delivery_service",
    "record_density": "measure_service",
    "record_event": "catalog_service",
    "record_good_components": "goods_service",
    "record_hold": "handling_service",
    "record_import": "import_service",
    "record_item": "catalog_service",
    "record_label_filed": "label_service",
    "record_name": "names_service",
    "record_password": "access_service",
    "record_piece_weight": "measure_service",
    "record_product": "product_service",
    "record_production_correction": "correction_service",
    "record_recall": "recall_service",
    "record_receipt": "receiving_service",
    "record_recipe": "recipe_service",
    "record_recipe_makes": "recipe_service",
    "record_recipe_page": "page_import_service",
    "record_par_level": "par_level_service",
    "record_recipe_batches": "batch_option_service",
    "record_recipe_rate": "rate_service",
    "record_recipe_yield": "recipe_service",
    "record_recipient": "catalog_service",
    "record_release": "handling_service",
    "record_reversal": "reversal_service",
    "record_seal": "seal_service",
    "record_stocktake": "stocktake_service",
    "record_supplier": "catalog_service",
    "record_transfer": "handling_service",
    "record_user": "access_service",
    "record_user_change": "access_service",
}
"""The logger of each operation since version 0.1, below ``bake_tracker.services``, whatever its module is now."""


def test_every_operation_has_the_logger_that_it_always_had() -> None:
    """A new operation is added here with the next version; the entries never change."""
    loggers = {name: kind.logger.name for name, kind in kinds().items()}
    assert {name: loggers.get(name) for name in LOGGERS} == {
        name: SERVICES + logger for name, logger in LOGGERS.items()
    }


def test_every_kind_has_a_function_of_its_name_and_words_of_its_own() -> None:
    """Pages and the reference are generated from the registry."""
    assert functions().keys() == kinds().keys()
    words = [kind.words for kind in kinds().values()]
    assert all(words)
    assert len(set(words)) == len(words)


def test_every_function_that_records_is_in_the_registry() -> None:
    """A ``record_*`` without a kind of its name would be on no page and not in the reference."""
    modules = [import_module(found.name) for found in pkgutil.walk_packages(services.__path__, SERVICES)]
    found = {name: function for module in modules for name, function in writers_of(module).items()}
    assert found == WRITERS


def test_every_operation_takes_a_session_and_every_writer_an_operation_id() -> None:
    """Both are keyword-only."""
    for name, function in functions().items():
        parameters = inspect.signature(function).parameters
        needed = ["session", "operation_id"] if name in WRITERS else ["session"]
        assert {parameters[one].kind for one in needed} == {inspect.Parameter.KEYWORD_ONLY}, name


def test_operations_that_the_domain_names_exist() -> None:
    """This covers operations that cannot be undone and those that only the owner can undo."""
    assert NEVER.keys() | OWNERS_OPERATIONS <= WRITERS.keys()


@pytest.mark.one_database
def test_a_repaired_line_has_the_logger_of_the_first_line(
    kitchen: Kitchen, bake: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds for every kind of operation that writes."""
    monkeypatch.setattr("bake_tracker.services.reconcile.verification.LINE_IS_LATE_S", (0,))
    assert bake("log", "verify").code == 0  # the log is set up, and the kitchen's operations below go to it
    record_everything(kitchen)
    first = loggers_in(bake)
    assert first == {name: kinds()[name].logger.name for name in WRITERS}
    bake.log_file.write_text("", "utf-8")
    assert bake("log", "verify", "--all", "--repair").code == 0
    assert loggers_in(bake) == first


def loggers_in(bake: CommandLine) -> dict[str, str]:
    """Return the logger of each operation's success lines."""
    lines = map(json.loads, bake.log_file.read_text("utf-8").splitlines())
    return {line["operation"]: line["logger"] for line in lines if line["outcome"] == "success"}
