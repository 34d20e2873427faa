"""The list of commands: where each one is, and an example.

A command is named by ``room.module:function`` and imported only when it runs, so that none waits for the libraries of
the others.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command's function is, and the arguments of an example."""

    function: str
    example: str


@dataclass(frozen=True, slots=True)
class Group:
    """Commands that share their first word; ``default`` is the one that runs if no other is named."""

    help: str
    commands: dict[str, Command] = field(default_factory=dict)
    default: str | None = None


_CATALOG, _EDITS, _HOUSE, _STOCK = "catalog.things", "catalog.edits", "house.bakery", "stock.adjust"

COMMANDS: dict[str, Command | Group] = {
    "init": Command(f"{_HOUSE}:init", "--name 'Corner Bakery' --currency EUR --time-zone Europe/Berlin"),
    "demo": Command("house.demo:demo", ""),
    "receive": Command("stock.receive:receive", "flour 25 kg --cost 18.50 --expires 2027-05-31"),
    "deliver": Command("stock.deliver:deliver", "mill '25 kg flour @18.50' '10 kg sugar @9.20' --document 4711"),
    "cost-statement": Command(
        "stock.cost_statement:cost_statement", "flour-20261123-1=12.00 --kind invoice --document 4711"
    ),
    "stock": Command("stock.shelf:stock", "flour"),
    "plan": Group(
        "Plan what to make and buy, and accept a plan. Without another word: show.",
        {
            "show": Command("planning.asked:plan", "--to 2026-12-04"),
            "accept": Command("planning.accepting:accept", "--to 2026-12-04 --yes"),
            "actual": Command("planning.accepting:actual", "3"),
        },
        default="show",
    ),
    "sheet": Command("planning.sheet:sheet", "2026-12-04 --pdf friday.pdf"),
    "can-make": Command("stock.can_make:can_make", "--xlsx can-make.xlsx"),
    "expiring": Command("stock.can_make:expiring", "--within 7"),
    "waste": Command(f"{_STOCK}:waste", "'2 l milk' --spoiled --reason 'left out of the fridge'"),
    "gift": Command(f"{_STOCK}:gift", "'12 cookie' --to food-bank"),
    "sample": Command(f"{_STOCK}:sample", "'6 cookie' --event spring-fair"),
    "sell": Command(f"{_STOCK}:sell", "'2 cookie-box @12.50' --to ada"),
    "return": Command("stock.returns:return_goods", "'2 cookie' --from ada --reason 'too dark'"),
    "adjust": Command(f"{_STOCK}:adjust", "'less 200 g lot:flour-20261123-1' --reason 'weighed the bin'"),
    "produce": Command("production.runs:produce", "sugar-cookies 2 --yield 46"),
    "assemble": Command("production.runs:assemble", "cookie-box 10 --event spring-fair"),
    "runs": Command("production.runs:runs", "--last 10"),
    "show": Command("production.runs:show", "01a22afe-6f12"),
    "reverse": Command("production.reverse:reverse", "01a22afe-6f12 --reason 'wrong recipe'"),
    "correct": Command("production.reverse:correct", "01a22afe-6f12 --yield 44 --reason 'miscounted'"),
    "hold": Command("stock.hold:hold", "cookie-20261123-1 --reason 'smells odd'"),
    "release": Command("stock.hold:release", "cookie-20261123-1 --reason 'tasted, fine'"),
    "transfer": Command("stock.hold:transfer", "flour-20261123-1 5 kg --to Cellar"),
    "label": Command("catalog.labels:label", "cookie-20261123-1 --pdf label.pdf"),
    "declare": Command("catalog.labels:declare", "cookie 'flour (wheat), sugar, butter (milk)' --contains wheat,milk"),
    "explain": Command("explain.why:explain", "last"),
    "as-of": Command("stock.as_of:as_of", "yesterday explain flour"),
    "trace": Command("explain.trace:trace", "flour-20261123-1 --forward"),
    "recall": Command("explain.trace:recall", "flour-20261123-1 --drill"),
    "archived": Command(f"{_EDITS}:list_archived", ""),
    "correct-settings": Command("house.settings:correct_settings", "--time-zone Europe/Berlin --dry-run"),
    "verify": Command(f"{_HOUSE}:verify", ""),
    "seal": Command("house.seal:seal", ""),
    "export": Command("importing.export:export", "bakery.xlsx"),
    "template": Command("importing.export:template", "purchases purchases.csv"),
    "backup": Command("house.archive:backup", "bakery.jsonl.gz"),
    "restore": Command("house.archive:restore", "bakery.jsonl.gz"),
    "move": Command("house.archive:move", "--from sqlite:///bakery.db --to postgresql://baker@localhost/bakery"),
    "prices": Command("report.cost:prices", "flour --since 2026-01-01"),
    "cost": Command("report.cost:cost", "sugar-cookies --batches 2 --price 0.80"),
    "rate": Command("report.cost:rate", "sugar-cookies --labour 12 --overhead 3.50"),
    "measure": Command("catalog.measures:measure", "flour --volume '1 cup' --weighs '120 g'"),
    "measures": Command("catalog.measures:measures", "flour"),
    "convert": Command("catalog.measures:convert", "'2 cups' flour --to g"),
    "density": Command("catalog.measures:density", "flour 1 cup 120 g"),
    "servers": Command("house.servers:servers", ""),
    "serve": Command("house.serve:serve", "--port 8080"),
    "import": Command("importing.tables:import_file", "export.json --dry-run"),
    "import-page": Command("importing.recipe_page:import_page", "shortbread.html --dry-run"),
    "item": Group(
        "Ingredients, materials, finished units and finished goods.",
        {
            "add": Command(f"{_CATALOG}:add_item", "ingredient 'Rye flour' --unit g"),
            "list": Command(f"{_CATALOG}:list_items", "ingredient"),
            "change": Command(f"{_EDITS}:change_item", "flour --shelf-life 270"),
            "unit": Command("catalog.unit_change:change_unit", "flour each --dry-run"),
        },
    ),
    "recipe": Group(
        "Recipes and their yields.",
        {
            "add": Command(f"{_CATALOG}:add_recipe", "Shortbread --line '500 g flour' --makes '24 finger'"),
            "yield": Command(f"{_CATALOG}:recipe_yield", "shortbread 30 finger"),
            "makes": Command(
                f"{_CATALOG}:recipe_makes", "laminated '20 croissant share:3/4' '500 g scraps share:1/4' --together"
            ),
            "batches": Command("planning.batches:batches", "shortbread --step half --largest 3"),
            "list": Command(f"{_CATALOG}:list_recipes", ""),
        },
    ),
    "good": Group(
        "Finished goods, such as gift boxes.",
        {"add": Command(f"{_CATALOG}:add_good", "'Cookie box' --part '12 cookie'")},
    ),
    "product": Group(
        "Packages that items are bought in.",
        {
            "add": Command("catalog.products:add_product", "flour 'Type 550' --package '25 kg' --type bag"),
            "change": Command("catalog.terms:change_product", "3 --price 18.50 --price '17.90 from 10' --lead 2"),
            "list": Command("catalog.products:list_products", "flour"),
        },
    ),
    "supplier": Group(
        "Suppliers.",
        {
            "add": Command(f"{_CATALOG}:add_supplier", "'Valley Mill'"),
            "change": Command(f"{_EDITS}:change_supplier", "valley-mill --archive"),
        },
    ),
    "event": Group(
        "Events to bake and pack for.",
        {
            "add": Command(f"{_CATALOG}:add_event", "'Spring fair' --on 2027-04-12"),
            "change": Command(f"{_EDITS}:change_event", "spring-fair --on 2027-04-19"),
        },
    ),
    "recipient": Group(
        "Customers.",
        {
            "add": Command(f"{_STOCK}:add_recipient", "Ada --household Lovelace"),
            "list": Command(f"{_STOCK}:list_recipients", ""),
            "change": Command(f"{_EDITS}:change_recipient", "ada --household Byron"),
        },
    ),
    "order": Group(
        "Customers' orders: take, change, hand over.",
        {
            "add": Command("orders.taking:add", "'60 cookie-box @12.50' --due 2026-12-04 --at 14:30 --to ada"),
            "change": Command("orders.taking:change", "3 '70 cookie-box @12' --due 2026-12-05"),
            "cancel": Command("orders.taking:cancel", "3 --reason 'the party is off'"),
            "list": Command("orders.reading:list_orders", "--until 2026-12-04"),
            "show": Command("orders.reading:show_order", "3"),
            "hand-over": Command("orders.hand_over:hand_over", "3 '20 cookie-box'"),
        },
    ),
    "par": Group(
        "Par levels: how much is to be on the shelf at opening.",
        {
            "set": Command("planning.par:set_par", "'40 cookie' --on saturday"),
            "list": Command("planning.par:list_pars", ""),
            "remove": Command("planning.par:remove_par", "cookie --on saturday"),
        },
    ),
    "standing": Group(
        "Standing orders: take one, leave days out, take the orders of its days.",
        {
            "add": Command(
                "orders.standing:add", "'20 cookie-box @12.50' --start 2026-12-01 --on tue,fri --at 07:30 --to ada"
            ),
            "list": Command("orders.standing:list_standing", ""),
            "stop": Command("orders.standing:stop", "1 --from 2026-12-24 --until 2026-12-31 --reason holidays"),
            "take": Command("orders.standing:take", "--until 2026-12-04"),
            "take-day": Command("orders.standing:take_day", "1 2026-12-04 '30 cookie-box @12.50'"),
        },
    ),
    "buy": Command("buying.suggesting:buy", "--to 2026-12-11"),
    "purchase": Group(
        "Orders to suppliers: send, change, receive.",
        {
            "add": Command("buying.ordering:add", "valley-mill '4 Type 550 @18.50' --wanted 2026-12-04"),
            "change": Command("buying.ordering:change", "3 '6 Type 550 @17.90' --wanted 2026-12-07"),
            "cancel": Command("buying.ordering:cancel", "3 --reason 'sold out'"),
            "receive": Command("buying.receiving:receive", "3 '2 bag flour @37' --document 4711"),
            "list": Command("buying.receiving:list_purchases", "--until 2026-12-04"),
            "show": Command("buying.receiving:show_purchase", "3"),
        },
    ),
    "allergen": Group(
        "Allergens of items.",
        {
            "set": Command("catalog.labels:set_allergens", "flour --contains wheat"),
            "list": Command("catalog.labels:list_allergens", "--missing"),
        },
    ),
    "count": Group(
        "Count the stock.",
        {
            "sheet": Command("stock.count:sheet", "--xlsx count.xlsx"),
            "check": Command("stock.count:check", "flour-20261123-1=4.2kg"),
            "record": Command("stock.count:record", "flour-20261123-1=4.2kg --yes"),
        },
    ),
    "names": Group(
        "Other names for items.",
        {
            "list": Command("catalog.names:list_names", ""),
            "add": Command("catalog.names:add_name", "'AP flour' flour"),
            "forget": Command("catalog.names:forget_name", "'AP flour'"),
            "guess": Command("catalog.names:guess_name", "'plain flour'"),
        },
    ),
    "report": Group(
        "Reports on stock value, yields, usage, waste and customers.",
        {
            "value": Command("report.stock:value", "--lots"),
            "yield": Command("report.stock:yields", "--since 2026-11-01"),
            "usage": Command("report.usage:usage", "--since 2026-11-01 --xlsx usage.xlsx"),
            "waste": Command("report.usage:waste", "--since 2026-11-01 --chart"),
            "recipients": Command("report.usage:recipients", "--since 2026-11-01"),
        },
    ),
    "check": Group(
        "Check whether the stock allows a run or a whole day, without recording it.",
        {
            "produce": Command("production.runs:check_produce", "sugar-cookies 2"),
            "assemble": Command("production.runs:check_assemble", "cookie-box 10"),
            "day": Command("planning.asked:check_day", "2026-12-04"),
        },
    ),
    "user": Group(
        "Users and passwords.",
        {
            "add": Command("house.users:add_user", "Ada --role owner"),
            "list": Command("house.users:list_users", ""),
            "change": Command("house.users:change_user", "Ada --role baker"),
            "password": Command("house.users:set_password", "Ada"),
        },
    ),
    "token": Group(
        "API tokens for other programs.",
        {
            "add": Command("house.users:add_token", "Ada Till --role baker"),
            "list": Command("house.users:list_tokens", ""),
            "revoke": Command("house.users:revoke_token", "3"),
        },
    ),
    "log": Group(
        "Read, search and check the log.",
        {
            "tree": Command("log.tree:tree", "--last 3"),
            "tail": Command("log.tail:tail", "-f --level WARNING"),
            "find": Command("log.search:find", "'duration_ms>700' --sort -duration_ms --since 1h"),
            "stats": Command("log.search:stats", "--since 2026-11-01"),
            "errors": Command("log.errors:errors", "--since yesterday"),
            "compare": Command("log.changes:compare", "--before 2d..1d --after 1d"),
            "why": Command("log.causes:why", "outcome=insufficient_inventory --since 7d"),
            "watch": Command("log.watch:watch", "--refused-above 10% --errors-above 0 --every 5m"),
            "verify": Command("log.verify:verify", "--repair"),
            "witness": Command("log.witness:witness", "--begin"),
            "lnav": Command("log.lnav:lnav", ""),
        },
    ),
}


def command_names() -> list[str]:
    """Every command in full, such as ``receive`` and ``log tree``."""
    return [
        full
        for name, one in COMMANDS.items()
        for full in ([f"{name} {leaf}" for leaf in one.commands] if isinstance(one, Group) else [name])
    ]
