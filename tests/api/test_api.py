"""The REST API: exact numbers, retries by key, slices, tags, problems, and a description that is true."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks
from starlette.testclient import TestClient

from bake_tracker.clock import uuid7
from bake_tracker.domain.access import Role
from bake_tracker.domain.arguments import MAX_ENTRIES
from bake_tracker.domain.recipe_text.request import MAX_LINES
from bake_tracker.domain.slice_keys import write_key
from bake_tracker.entrypoints.http.limits import Limiter
from bake_tracker.services.access.accounts import record_user
from bake_tracker.services.buying.purchase_order import record_purchase_order
from bake_tracker.services.database import run_in_transaction
from bake_tracker.services.orders.standing import record_standing_order
from support.command_line import root_logger_put_back
from support.depth import rounds
from support.kitchen import Kitchen
from support.web import PASSWORD, Web, statements

CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]

pytestmark = pytest.mark.one_database


@pytest.fixture
def web(kitchen: Kitchen) -> Web:
    """The application, with three people and a simple bakery."""
    kitchen.simple_bakery()
    return Web().let_in()


@pytest.fixture
def baker(web: Web) -> TestClient:
    """A program with a baker's token."""
    return web.program(Role.BAKER)


def baking(kitchen: Kitchen, **more: Any) -> dict[str, Any]:
    ids = {"recipe_id": kitchen.ids["Cookies"], "finished_unit_id": kitchen.ids["Cookie"]}
    return {**ids, "num_batches": 1, "actual_yield": "24", **more}


def test_a_production_says_what_was_used_what_came_out_and_at_which_scale(kitchen: Kitchen, baker: TestClient) -> None:
    """A scale may be a fraction, and refusals name the field to send instead."""
    lot = kitchen.receive("Flour", 1, "kg", 1)["lot_id"]
    run = baker.post(
        "/api/v1/productions",
        json=baking(kitchen, actual_yield="8", scale_factor="1/3", used=[{"lot_id": lot, "quantity": "200"}]),
    ).json()
    assert (run["scale_factor"], run["expected_yield"], run["used"][0]["quantity"]) == ("1/3", "8", "200")
    wrong = baker.post("/api/v1/productions", json=baking(kitchen, scale_factor="1/0"))
    assert (wrong.status_code, "or a fraction such as 1/3" in wrong.text) == (422, True)
    again = {"corrected_operation_id": run["operation_id"], "actual_yield": "8", "reason": "x", "used": []}
    assert baker.post("/api/v1/production-corrections", json=again).json()["production"]["scale_factor"] == "1/3"
    kitchen.recipe("Lam", {"Flour": (100, "g")}, {"Croissant": 20, "Roll": 40})
    ids = {"recipe_id": kitchen.ids["Lam"], "finished_unit_id": kitchen.ids["Croissant"]}
    rolls = [{"finished_unit_id": kitchen.ids["Roll"], "actual_yield": "10", "share": "1/4"}]
    done = baker.post("/api/v1/productions", json={**ids, "num_batches": 1, "actual_yield": "15", "outputs": rolls})
    assert [one["share"] for one in done.json()["outputs"]] == ["3/4", "1/4"]


def test_a_recall_and_a_trace_may_be_about_all_lots_of_a_code(kitchen: Kitchen, baker: TestClient) -> None:
    """Only on request: a lot's id by itself means that lot."""
    ids = [kitchen.receive("Flour", 1, "kg", lot_code="M-7")["lot_id"] for _ in range(2)]
    for what in ("trace", "recall"):
        at = f"/api/v1/lots/{ids[0]}/{what}"
        assert "same_code" not in baker.get(at).json()
        assert [lot["lot_id"] for lot in baker.get(f"{at}?same_code=true").json()["same_code"]] == ids
    for kind in ("csv", "xlsx", "pdf"):
        assert baker.get(f"/api/v1/lots/{ids[0]}/recall.{kind}?same_code=true").status_code == 200
    one = baker.post("/api/v1/recalls", json={"lot_id": ids[0]}).json()
    assert (one["held_count"], "same_code" in one) == (1, False)
    both = baker.post("/api/v1/recalls", json={"lot_id": ids[0], "same_code": True}).json()
    assert (both["held_count"], both["held_before_count"], len(both["same_code"])) == (1, 1, 2)


def test_a_production_is_recorded_once_however_often_it_is_sent(kitchen: Kitchen, baker: TestClient) -> None:
    """The key is the operation's id; using it for something else is a conflict."""
    key = {"Idempotency-Key": uuid7()}
    answers = [baker.post("/api/v1/productions", json=baking(kitchen), headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["operation_id"] == key["Idempotency-Key"]
    assert kitchen.stock("Cookie") == 24
    assert kitchen.rows("SELECT actor FROM operation WHERE name = 'record_batch_production'") == [("Bao",)]
    other = baker.post("/api/v1/productions", json=baking(kitchen, actual_yield=23), headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


def test_a_shortage_is_a_problem_that_names_all_that_is_short(kitchen: Kitchen, baker: TestClient) -> None:
    """The problem details name the operation that the log has."""
    answer = baker.post("/api/v1/productions", json=baking(kitchen, num_batches=50))
    problem = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert problem["code"] == "insufficient_inventory"
    assert [(one["ingredient_slug"], one["needed"]) for one in problem["shortages"]] == [
        ("flour", "25000"),
        ("sugar", "12500"),
    ]
    assert {"type", "title", "status", "detail", "request_id", "operation_id"} <= problem.keys()


@pytest.mark.parametrize("written", ["24.1", '"24.1"'])
def test_numbers_are_exact(kitchen: Kitchen, baker: TestClient, written: str) -> None:
    """A number with a decimal point never becomes a float on its way in."""
    body = (
        f'{{"recipe_id": {kitchen.ids["Cookies"]}, "finished_unit_id": {kitchen.ids["Cookie"]}, "num_batches": 1,'
        f' "actual_yield": {written}}}'
    )
    answer = baker.post("/api/v1/productions", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, Decimal(answer.json()["actual_yield"])) == (201, Decimal("24.1"))


def test_every_wrong_field_is_named_and_never_shown(kitchen: Kitchen, baker: TestClient) -> None:
    """This holds for fields that cannot be read at all, and for those that a service refuses."""
    wrong = baking(kitchen, num_batches="a planted secret", password="another planted secret")
    answer = baker.post("/api/v1/productions", json=wrong)
    assert answer.status_code == 422
    assert {one["field"] for one in answer.json()["errors"]} == {"num_batches", "password"}
    assert "planted" not in answer.text
    refused = baker.post("/api/v1/productions", json=baking(kitchen, num_batches=0, actual_yield=-1))
    assert {one["field"] for one in refused.json()["errors"]} == {"num_batches", "actual_yield"}
    assert (
        baker.post("/api/v1/productions", content="{", headers={"Content-Type": "application/json"}).status_code == 422
    )


def pages(client: TestClient, path: str, field: str, limit: int) -> list[Any]:
    rows: list[Any] = []
    after: str | None = None
    while True:
        query = {"limit": str(limit), **({"after": after} if after else {})}
        answer = client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        rows += answer.json()[field]
        after = answer.json()["next"]
        if after is None:
            return rows


def test_pages_are_whole_and_each_row_is_on_one(kitchen: Kitchen, baker: TestClient) -> None:
    """Items come by name, productions newest first; a made-up cursor is refused."""
    for batches in (1, 2, 3):
        kitchen.produce("Cookies", "Cookie", batches, 24 * batches)
    kitchen.assemble("Box", 1)
    names = [row["name"] for row in pages(baker, "/api/v1/items", "items", 2)]
    assert names == ["Box", "Carton", "Cookie", "Flour", "Sugar"]
    flour = baker.get("/api/v1/items", params={"search": "LOU", "kind": "ingredient"}).json()["items"]
    assert [(row["on_hand"], row["value"], row["lot_count"]) for row in flour] == [("7000", "14.00", 1)]
    made = [row["quantity"] for row in pages(baker, "/api/v1/productions", "productions", 2)]
    assert made == ["72", "48", "24"]
    assert baker.get("/api/v1/items", params={"after": "made-up"}).status_code == 422
    assert baker.get("/api/v1/productions", params={"after": uuid7()}).status_code == 404


def test_a_made_up_cursor_is_refused(baker: TestClient) -> None:
    """The refusal names ``after``, whatever the cursor contains."""
    keys: list[Any] = [["Flour", 2**70], ["\0", 1], ["\ud800", 1], [1], "Flour", {}, [[], []]]
    for path in ("/items", "/recipes", "/lots", "/log/lines"):
        for key in keys:
            answer = baker.get(f"/api/v1{path}", params={"after": write_key(key)})
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "after"), f"{path} {key}"


def test_an_unchanged_answer_is_not_sent_again(kitchen: Kitchen, baker: TestClient) -> None:
    """The tag depends on the content."""
    first = baker.get("/api/v1/items")
    tag = {"If-None-Match": first.headers["etag"]}
    again = baker.get("/api/v1/items", headers=tag)
    assert (again.status_code, again.content) == (304, b"")
    kitchen.receive("Flour", 1, "kg", 2)
    assert baker.get("/api/v1/items", headers=tag).status_code == 200


LISTS = (
    "/items", "/suppliers", "/recipients", "/events", "/products", "/names", "/measures", "/recipes", "/runs",
    "/productions", "/assemblies", "/operations", "/stock", "/stock-value", "/stock-as-of", "/can-make", "/expiring",
    "/lots", "/allergens", "/count-sheet", "/reports/usage", "/reports/waste", "/reports/recipients", "/reports/yields",
    "/reports/yields/runs", "/archived", "/bakery", "/orders", "/purchase-orders", "/plan", "/par-levels",
    "/standing-orders",
)  # fmt: skip
"""Every route without an id in its path that more people than the owner may read; log routes send no statements."""


def live(kitchen: Kitchen, baker: TestClient, number: int) -> None:
    """Add one row to every list."""

    def send(path: str, **body: Any) -> dict[str, Any]:
        answer = baker.post(f"/api/v1{path}", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    soon = (datetime.now(UTC).date() + timedelta(days=3)).isoformat()
    spice = send("/items", kind="ingredient", name=f"Spice {number}", base_unit="g")["item_id"]
    for path in ("/suppliers", "/events"):
        send(path, name=f"Somebody {number}")
    old = send("/suppliers", name=f"Nobody {number}")["supplier_id"]
    assert baker.patch(f"/api/v1/suppliers/{old}", json={"archived": True}).status_code == 200
    ada = send("/recipients", name=f"Ada {number}")["recipient_id"]
    send("/names", name=f"Spicy {number}", item_id=spice)
    jar = send("/products", item_id=spice, name="Jar", package_quantity=40, package_unit="g")["product_id"]
    jars, friday = [{"product_id": jar, "packs": 2}], date(2026, 12, 4)
    run_in_transaction(lambda s: record_purchase_order(old, jars, session=s, wanted_on=friday))
    send(f"/items/{spice}/densities", volume=1, volume_unit="cup", weight=90, weight_unit="g")
    send("/recipes", name=f"Cake {number}", lines=[{"item_id": spice, "quantity": 5, "unit": "g"}])
    send("/receipts", item_id=spice, quantity=40, unit="g", total_cost=3, expires_on=soon)
    made = kitchen.produce("Cookies", "Cookie", 1, 24, loss_reason=None)
    kitchen.assemble("Box", 1)
    send("/adjustments", kind="waste", lines=[{"lot_id": made["lot_id"], "quantity": 1}], reason=f"burnt {number}")
    tart = send("/items", kind="finished_unit", name=f"Tart {number}", base_unit="each")["item_id"]
    assert baker.put("/api/v1/par-levels", json={"item_id": tart, "quantity": 2}).status_code == 200
    boxes = [{"item_id": kitchen.ids["Box"], "quantity": 5}]
    send("/orders", due_on="2026-12-04", lines=boxes, recipient_id=ada)
    run_in_transaction(  # only the owner may
        lambda s: record_standing_order(boxes, "FREQ=DAILY", session=s, starts_on=date(2026, 12, 4), recipient_id=ada)
    )
    send("/adjustments", kind="gift", lines=[{"lot_id": made["lot_id"], "quantity": 1}], recipient_id=ada)


def test_a_list_sends_as_many_statements_however_long_it_is(kitchen: Kitchen, baker: TestClient) -> None:
    """The count is the same with one row and with many."""
    live(kitchen, baker, 0)
    sizes: dict[str, list[tuple[int, int]]] = {path: [] for path in LISTS}
    for numbers in (range(1, 2), range(2, 6)):
        for number in numbers:
            live(kitchen, baker, number)
        for path, seen in sizes.items():
            with statements() as sent:
                answer = baker.get(f"/api/v1{path}")
            assert answer.status_code == 200, answer.text
            seen.append((len(sent), len(answer.content)))
    assert {path for path, ((few, _), (many, _)) in sizes.items() if few != many} == set()
    assert {path for path, ((_, small), (_, large)) in sizes.items() if small >= large} == {"/bakery"}


ASKED = {
    "conversion": {"quantity": "2", "unit": "cup", "to": "ml"},
    "changes": {"before": "2d..1d", "after": "1d"},
    "causes": {"where": "outcome=conflict"},
}
"""The query of routes that need one."""


def test_every_reading_route_answers_as_described(kitchen: Kitchen, web: Web) -> None:
    """Each answers for existing things with 200, the described body, and a tag if it is JSON."""
    headers = owner_of(web)
    owner = web.client(headers=headers)
    live(kitchen, owner, 0)
    for name in ("Flour", "Sugar", "Carton"):
        owner.put(f"/api/v1/items/{kitchen.ids[name]}/allergens", json={"contains": []})
    (baked,) = owner.get("/api/v1/productions").json()["productions"]
    ids = {
        "item_id": kitchen.ids["Flour"],
        "lot_id": owner.get("/api/v1/lots", params={"code": baked["lot_code"]}).json()["lots"][0]["lot_id"],
        "operation_id": baked["operation_id"],
        "wanted": baked["operation_id"],
        "recipe_id": kitchen.ids["Cookies"],
        "finished_good_id": kitchen.ids["Box"],
        "user_id": web.ids[Role.BAKER],
        "order_id": owner.get("/api/v1/orders").json()["orders"][0]["order_id"],
        "line": 1,
        "day": "2026-12-04",
        "purchase_order_id": owner.get("/api/v1/purchase-orders").json()["purchase_orders"][0]["purchase_order_id"],
    }
    boxes = {"due_on": "2026-12-04", "lines": [{"item_id": kitchen.ids["Box"], "quantity": 500}]}
    assert owner.post("/api/v1/orders", json=boxes).status_code == 201
    accepted = owner.post("/api/v1/plans", json={"inputs": owner.get("/api/v1/plan").json()["inputs"]})
    ids["plan_id"] = accepted.json()["plan_id"]
    seen = 0
    with root_logger_put_back():
        for found in described(web).get_all_operations():
            operation = found.ok()
            if operation.method.upper() == "GET":
                needed = {one.name: ids[one.name] for one in operation.path_parameters}
                query = ASKED.get(operation.path.rpartition("/")[2], {})
                answer = operation.Case(path_parameters=needed, query=query).call(headers=headers)
                assert answer.status_code == 200, f"{operation.path}: {answer.text}"
                operation.Case(path_parameters=needed, query=query).validate_response(answer, checks=CHECKS)
                is_file = operation.path.rpartition(".")[2] in ("pdf", "csv", "xlsx")
                assert ("etag" in answer.headers) is not (is_file or operation.path.endswith("/export")), operation.path
                seen += 1
    assert seen >= 50


def test_no_list_is_missing_here(web: Web) -> None:
    """A new list has to be counted too."""
    read = (path for (method, path), role in web.roles.items() if (method, role) == ("GET", Role.VIEWER))
    found = {path.removeprefix("/api/v1") for path in read if path.startswith("/api/v1") and "{" not in path}
    of_the_log = {path for path in found if path.startswith("/log/")}
    assert found - {"/conversion", "/export"} - of_the_log == set(LISTS)


def test_the_stock_of_an_instant_is_listed(kitchen: Kitchen, baker: TestClient) -> None:
    """The list has what the ledger said then, or what is now known of that time; a future instant is refused."""
    kitchen.ingredient("Rye")
    kitchen.receive("Rye", 1, "kg", 2, received_on=date(2026, 1, 5))

    def stock(**query: str) -> list[tuple[str, str]]:
        found = baker.get("/api/v1/stock-as-of", params=query).json()
        return [(row["item_slug"], row["quantity"]) for row in found["items"]]

    assert ("rye", "1000") in stock()
    assert ("rye", "1000") in stock(at="2026-01-06T12:00", by="happened")
    assert ("rye", "1000") not in stock(at="2026-01-04T12:00", by="happened")
    assert stock(at="2026-01-06T12:00") == []
    rye = kitchen.ids["Rye"]
    assert stock(item_id=str(rye)) == [("rye", "1000")]
    for at in ("2999-01-01T00:00Z", "0001-01-01T00:00+14:00", "soon"):
        assert baker.get(f"/api/v1/items/{rye}/outflows", params={"at": at}).status_code == 422
        assert baker.get("/api/v1/stock-as-of", params={"at": at}).status_code == 422


def test_where_an_item_went_is_listed_by_kind(kitchen: Kitchen, baker: TestClient) -> None:
    """The list can end and begin at an instant; an item that does not exist is not found."""
    flour = kitchen.ids["Flour"]
    kitchen.produce("Cookies", "Cookie", 1, 24)

    def went(**query: str) -> list[tuple[str, str]]:
        found = baker.get(f"/api/v1/items/{flour}/outflows", params=query).json()
        return [(kind["kind"], kind["quantity"]) for kind in found]

    assert went() == went(by="happened") == [("record_batch_production", "500")]
    assert went(at="2026-01-06T12:00") == went(since="2999-01-01T00:00") == []
    assert baker.get("/api/v1/items/4711/outflows").status_code == 404


def test_every_route_of_the_api_is_limited_and_known_by_its_ids(web: Web) -> None:
    """All share one layer: it returns the request id, and a 429 says when to try again."""
    for path in LISTS:
        program = web.program(Role.VIEWER)
        web.app.state.limiter = Limiter(2)
        first, second = (program.get(f"/api/v1{path}", headers={"X-Request-ID": "till-0001"}) for _ in range(2))
        assert (first.status_code, first.headers["x-request-id"]) == (200, "till-0001")
        assert (second.status_code, 0 < int(second.headers["retry-after"]) <= 30) == (429, True)
        assert (second.json()["code"], second.json()["request_id"]) == ("too_many_attempts", "till-0001")


def test_the_description_names_every_problem_and_how_to_sign_in(web: Web) -> None:
    """It is OpenAPI 3.1; every route of the API describes each refusal."""
    described = web.client().get("/api/v1/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    for path in described["paths"].values():
        for operation in path.values():
            assert {"401", "403", "409", "422", "429", "500", "503"} <= operation["responses"].keys()
            assert "application/problem+json" in operation["responses"]["409"]["content"]


def test_every_list_in_a_body_has_a_limit_that_is_described(web: Web, baker: TestClient) -> None:
    """One entry more is refused before anything else is read."""
    described = web.client().get("/api/v1/openapi.json").json()

    def lists(schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[Any]:
        if isinstance(schema, list):
            for one in schema:
                yield from lists(one, seen)
        if not isinstance(schema, dict):
            return
        if (name := str(schema.get("$ref", "")).rpartition("/")[2]) and name not in seen:
            yield from lists(described["components"]["schemas"][name], seen | {name})
        if schema.get("type") == "array":
            yield schema
        for one in schema.values():
            yield from lists(one, seen)

    bodies = [
        operation["requestBody"]["content"]["application/json"]["schema"]
        for path, of_path in described["paths"].items()
        for operation in of_path.values()
        if "requestBody" in operation and "import" not in path  # a document of tables, limited by its size
    ]
    found = [one for body in bodies for one in lists(body)]
    assert len(found) >= 12
    assert {one.get("maxItems") for one in found} == {MAX_ENTRIES, MAX_LINES}
    for path, line in (("stocktakes", {"lot_id": 1, "counted": 1}), ("deliveries", {"item_id": 1, "quantity": 1})):
        answer = baker.post(f"/api/v1/{path}", json={"lines": [line] * (MAX_ENTRIES + 1), "supplier_id": 1})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "lines")
        assert f"at most {MAX_ENTRIES} items" in answer.json()["errors"][0]["problem"]


def test_no_request_that_can_be_made_up_breaks_it(web: Web) -> None:
    """Schemathesis tries the whole description: no 500, and no undescribed status, type or body."""
    with root_logger_put_back():
        schema = described(web)
        operations = [found.ok() for found in schema.get_all_operations()]
        assert len(operations) >= 90
        headers = owner_of(web)
        for operation in operations:
            tried = settings(
                max_examples=rounds(1, 4), deadline=None, database=None, derandomize=True,
                phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
            )(given(case=operation.as_strategy())(ask))  # fmt: skip
            tried(headers)
            if "people" in operation.tags:  # it may have disabled the owner or revoked the token
                headers = owner_of(web)


def test_no_way_through_the_links_breaks_it(web: Web) -> None:
    """The test follows the links of every answer: it looks, undoes, recalls and receives."""
    headers = owner_of(web)
    with root_logger_put_back():
        machine: Any = described(web).as_state_machine()

        class Ways(machine):
            def get_call_kwargs(self, case: Any) -> dict[str, Any]:
                return {"headers": headers}

            def validate_response(self, response: Any, case: Any, **more: Any) -> None:
                case.validate_response(response, checks=CHECKS)

        few = settings(
            max_examples=rounds(2, 4), stateful_step_count=8, deadline=None, database=None, derandomize=True,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        Ways.run(settings=few)


def described(web: Web) -> Any:
    web.app.state.limiter.most = web.app.state.limiter.per_second = 1e9
    return schemathesis.openapi.from_asgi("/api/v1/openapi.json", web.app)


def owner_of(web: Web) -> dict[str, str]:
    """Headers of a new owner whom no request can guess."""
    made = run_in_transaction(lambda session: record_user(f"Owner {uuid7()}", PASSWORD, "owner", session=session))
    web.ids[Role.OWNER] = made["user_id"]
    return {"Authorization": web.program(Role.OWNER).headers["Authorization"]}


SAYABLE = re.compile(
    r"must not be empty|must have (at most )?\d+ (to \d+ )?characters|must be a (list of|list with) at least one|"
    r"must be a whole number|must be a (finite )?number|must be at most|must be one of|must be a UUID|must be text|"
    r"must be true or false|three letters|must be a date after|must contain NUL|(Input|Field|String|List|Value|Extra) "
)
"""Refusals that a schema can foresee."""
UNSAYABLE = re.compile(
    r"must be at most \d+( for one batch)?(, not \d+(\.\d+)?)?"  # of a number written as a string
    r"|must be at most \d+ days from today"
    r"|must be a number above 0, not -.*"  # of an adjustment that is no correction
    r"|.*of up to 40 digits, not .*E-\d+"
)


def ask(headers: dict[str, str], case: Any) -> None:
    """A body that fits the description is refused only for what a schema cannot say."""
    answer = case.call_and_validate(headers=headers, checks=CHECKS)
    if answer.status_code == 422 and case.method != "GET" and case.meta.generation.mode.is_positive:
        problems = [str(one["problem"]) for one in answer.json().get("errors", [])]
        assert [one for one in problems if SAYABLE.match(one) and not UNSAYABLE.fullmatch(one)] == [], case.body


def limits(described: dict[str, Any]) -> Any:
    """Each limit of a body's own fields: route, field, and bodies just within and just beyond it."""
    schemas = described["components"]["schemas"]
    for path, of_path in described["paths"].items():
        for method, operation in of_path.items():
            if method == "get" or "requestBody" not in operation:
                continue
            body = operation["requestBody"]["content"]["application/json"]["schema"]
            least = smallest(body, schemas)
            for field, schema in schemas[body["$ref"].rpartition("/")[2]]["properties"].items():
                for kind in kinds(schema) if (path, field) != ("/api/v1/recipe-pages", "slug") else ():  # lines first
                    for good, bad in edges(kind):
                        if good is not None:
                            yield method, path, field, {**least, field: good}, False
                        yield method, path, field, {**least, field: bad}, True


def kinds(schema: dict[str, Any]) -> Any:
    """The schema itself, or each of its alternatives."""
    return [kind for one in schema["anyOf"] for kind in kinds(one)] if "anyOf" in schema else [schema]


def smallest(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """A small value that fits the schema."""
    schema = kinds(schema)[0]
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "array":
        return [smallest(schema["items"], schemas)] if schema.get("minItems") else []
    if schema["type"] == "object":
        return {name: smallest(schema["properties"][name], schemas) for name in schema.get("required", [])}
    if schema.get("format") == "date":
        return "2026-12-04"
    if schema["type"] == "string":
        return uuid7() if schema.get("format") == "uuid" else "a loaf of rye"
    return 1


def edges(kind: dict[str, Any]) -> Any:
    if "minimum" in kind and kind["maximum"] < 2**50:  # nothing has the id 0, which is not found
        yield int(kind["minimum"]), int(kind["minimum"]) - 1
    if "exclusiveMinimum" in kind:
        yield 0.001, 0
    if "maximum" in kind and kind["maximum"] < 2**50:
        yield int(kind["maximum"]), int(kind["maximum"]) + 1
    if "maxLength" in kind and kind.get("format") != "password":
        yield "x" * kind["maxLength"], "x" * (kind["maxLength"] + 1)
    if "minLength" in kind:
        yield "a loaf of x"[: max(1, kind["minLength"])], ""
    if "minItems" in kind:
        yield None, []
    if kind.get("type") == "string" and "[0-9]" in kind.get("pattern", "") and "format" not in kind:
        yield "12", "1_000"


def test_every_described_limit_is_enforced(web: Web) -> None:
    """One step beyond the limit, the field is refused by name; at the limit, it is accepted."""
    owner = web.signed_in(Role.OWNER)
    web.app.state.limiter.most = web.app.state.limiter.per_second = 1e9
    found = [*limits(web.client().get("/api/v1/openapi.json").json())]
    assert len(found) > 300
    for method, path, field, body, is_refused in found:
        answer = owner.request(method, re.sub(r"\{[^}]*\}", "1", path), json=body).json()
        problems = {one["field"].partition(".")[0]: one["problem"] for one in answer.get("errors", [])}
        if is_refused:
            assert field in problems, (method, path, field, body[field], answer)
        else:
            assert not SAYABLE.match(problems.get(field, "")), (method, path, field, body.get(field), answer)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1250", "1250"), ("0.5", "0.5"), (".5", "0.5"), ("5.", "5"), (" 12 ", "12"), ("1/4", "0.25"), ("1 1/2", "1.5"),
        ("½", "0.5"), ("+5", "5"), ("1e3", None), ("1_000", None), ("1,5", None), ("1,250", None), ("1 250", None),
        ("Infinity", None), ("NaN", None), ("٣", None), ("", None), ("2 kg", None),
    ],
)  # fmt: skip
def test_a_number_in_a_string_is_read_like_everywhere_else(
    kitchen: Kitchen, baker: TestClient, written: str, read: str | None
) -> None:
    """It always uses the point and never groups; a body, a query and a whole number have the same reader."""
    flour = kitchen.ids["Flour"]
    goods = {"item_id": flour, "quantity": written, "unit": "g"}
    asked = [
        baker.post("/api/v1/receipts", json=goods),
        baker.get("/api/v1/conversion", params={"quantity": written, "unit": "g", "to": "g"}),
        baker.post("/api/v1/productions/check", json={"recipe_id": kitchen.ids["Cookies"], "num_batches": written}),
    ]
    is_whole = read is not None and "." not in read
    assert [one.status_code for one in asked] == [
        201 if read else 422, 200 if read else 422, 200 if is_whole else 422
    ]  # fmt: skip
    if read:
        assert Fraction(asked[0].json()["quantity"]) == Fraction(read)
    else:
        assert "must be a number with a decimal point" in asked[0].json()["errors"][0]["problem"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"quantity": 1, "quantity": 100}', 'is not valid JSON: "quantity" is given twice in one object'),
        ('{"item_id": 1, "quantity": NaN}', "is not valid JSON: NaN is not a finite number"),
        ('{"item_id": 1, "quantity": 1e99999999999999999999}', "is not valid JSON: the number 1e99999999999999999999"),
        ("[" * 100_000, "is not valid JSON: it is nested too deeply"),
        (b"\xff", "is not valid JSON: 'utf-8' codec can't decode byte 0xff"),
        ('{"item_id": }', "is not valid JSON: Expecting value at character 13"),
    ],
)
@pytest.mark.one_database
def test_a_body_that_is_not_json_is_refused_with_the_reason(baker: TestClient, body: str | bytes, problem: str) -> None:
    """A name that is given twice is no guess: which of the two was meant?"""
    answer = baker.post("/api/v1/receipts", content=body, headers={"Content-Type": "application/json"})
    (found,) = answer.json()["errors"]
    assert (answer.status_code, found["field"], found["problem"][: len(problem)]) == (422, "body", problem)


@pytest.mark.parametrize(
    ("written", "cost"),
    [("31.50", "31.50"), ("$31.50", "31.50"), ("31.50 USD", "31.50"), ("USD 31.50", "31.50"), ("31.50 EUR", None),
     ("€31.50", None), ("$31,50", None)],
)  # fmt: skip
def test_an_amount_may_have_the_bakerys_own_currency(
    kitchen: Kitchen, baker: TestClient, written: str, cost: str | None
) -> None:
    """Another one is refused, and a comma is not read in JSON."""
    goods = {"item_id": kitchen.ids["Flour"], "quantity": 1, "unit": "kg", "total_cost": written}
    answer = baker.post("/api/v1/receipts", json=goods)
    assert answer.status_code == (201 if cost else 422)
    if cost:
        assert answer.json()["total_cost"] == cost
    else:
        (problem,) = answer.json()["errors"]
        is_other = written != "$31,50"
        assert ("this bakery's currency is USD" in problem["problem"]) == is_other
