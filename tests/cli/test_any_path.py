"""Any path that the system allows works, in every command, for the database, its log, backups and exports."""

import shlex
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

import pytest

from bake_tracker import config, migrations
from bake_tracker.database import engines
from bake_tracker.domain.errors import ValidationError
from bake_tracker.services import database
from support.command_line import CommandLine, root_logger_put_back

ODD = "jürgen пекарня 面 a@home 100% c# what? [x]* & 'q' \"d\" ;$HOME %20 %C3%BC a=b:c~"


@pytest.fixture
def there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[CommandLine, Path]]:
    """The command line without a named database or log, and a folder with an odd name that does not exist yet."""
    for name in ("BAKE_TRACKER_DATABASE_URL", "BAKE_TRACKER_LOG_FILE"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / ODD
    monkeypatch.setenv("XDG_DATA_HOME", str(folder))
    with root_logger_put_back():
        yield CommandLine(capsys, monkeypatch, folder), folder
    database.dispose_engines()


def live(bake: CommandLine, folder: Path, *where: str) -> None:
    """Write, read, back up, restore, move and export; every command finds the same bakery and the same log."""
    folder.mkdir(parents=True, exist_ok=True)
    other = f"sqlite:///{folder}/restored.db"
    for words in (
        ("item", "add", "ingredient", "Flour", "--unit", "g", *where),
        ("receive", "flour", "1", "kg", "--cost", "2", *where),
        ("stock", "flour", *where),
        ("explain", "flour", *where),
        ("log", "tree", *where),
        ("export", f"{folder}/bakery.json", *where),
        ("backup", f"{folder}/bakery.jsonl.gz", *where),
        ("backup", f"{folder}/copy.db", *where),
        ("restore", f"{folder}/copy.db", "--database", other),
        ("move", "--from", other, "--to", f"sqlite:///{folder}/moved.db"),
        ("import", f"{folder}/bakery.json", *where),
        ("log", "verify", *where),
        ("verify", *where),
    ):
        done = bake(*words)
        assert (done.code, done.err) == (0, ""), words


def test_a_bakery_lives_in_the_data_directory_of_any_name(there: tuple[CommandLine, Path]) -> None:
    """The default database and its log lie in the same folder; a folder of a decoded name is not made."""
    bake, folder = there
    assert bake("init").code == 0
    live(bake, folder / "files")
    assert {"bakery.db", "bakery.db.log.jsonl"} <= {file.name for file in (folder / "bake-tracker").iterdir()}
    assert [one.name for one in folder.parent.iterdir()] == [ODD]


def test_a_named_database_lives_in_a_folder_of_any_name(there: tuple[CommandLine, Path]) -> None:
    """The path after ``sqlite:///`` is taken as it is written."""
    bake, folder = there
    live(bake, folder, "--database", f"sqlite:///{folder}/b#1?.db")
    assert {"b#1?.db", "b#1?.db.log.jsonl", "moved.db", "moved.db.log.jsonl"} <= {
        file.name for file in folder.iterdir()
    }
    asked = bake("stock", "--database", f"sqlite:///{folder}/typo?.db")
    assert (asked.code, f"there is no bakery at {folder}/typo?.db yet" in asked.err) == (1, True)


def test_the_demo_prints_a_command_that_can_be_pasted(there: tuple[CommandLine, Path]) -> None:
    """The database in it is quoted for a shell."""
    bake, folder = there
    line = next(line for line in bake("demo").out.splitlines() if line.startswith("./bake explain"))
    assert shlex.split(line)[-1] == f"sqlite:///{folder}/bake-tracker/demo.db"
    assert bake(*shlex.split(line)[1:]).code == 0


def resolved(url: str) -> str:
    """The URL as a new process resolves it; one process keeps to its first answer."""
    engines._resolved.cache_clear()
    return database.database_url(url)


def test_an_encoded_path_still_finds_the_bakery_that_it_once_created(tmp_path: Path) -> None:
    """Earlier versions decoded ``%20``; a file with exactly the written name goes first."""
    encoded, plain = f"sqlite:///{tmp_path}/a%20b.db", f"sqlite:///{tmp_path}/a b.db"
    assert resolved(encoded) == encoded
    (tmp_path / "a b.db").touch()
    assert resolved(encoded) == plain == resolved(plain)
    (tmp_path / "a%20b.db").touch()
    assert resolved(encoded) == encoded
    (tmp_path / "at@home").mkdir()
    assert resolved(f"sqlite:///{tmp_path}/at%40home/b.db") == f"sqlite:///{tmp_path}/at@home/b.db"


def test_options_behind_a_sqlite_path_are_refused_instead_of_becoming_a_file(tmp_path: Path) -> None:
    """The refusal says what to leave out; a file of that name is opened."""
    url = f"sqlite:///{tmp_path}/b.db?timeout=30"
    with pytest.raises(ValidationError, match=r"leave out \?timeout=30"):
        resolved(url)
    (tmp_path / "b.db?timeout=30").touch()
    assert resolved(url) == url


@pytest.mark.parametrize("url", ["sqlite:/x.db", "sqlite://x.db", "sqlite:x.db"])
def test_a_sqlite_url_with_too_few_slashes_is_refused(url: str) -> None:
    """A part that would be a host is not taken for a path."""
    with pytest.raises(ValidationError, match="must be sqlite:///FILE"):
        database.database_url(url)


@pytest.mark.parametrize(
    "path",
    [
        r"C:\Users\Jürgen\a@home\100%\c#\b.db",
        r"C:/Users/Zoë Müller/%20/bakery.db",
        r"\\server\share$\пекарня\b.db",
        r"D:b.db",
    ],
)
def test_a_windows_path_comes_back_from_its_url(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drive letters, backslashes and shares are kept, and the log lies beside the database."""
    monkeypatch.setattr(config, "Path", PureWindowsPath)
    file = PureWindowsPath(path)
    url = config.sqlite_url(file)
    assert config.sqlite_path(url) == file
    assert config.default_log_file(url) == file.with_name(f"{file.name}.log.jsonl")


def test_only_a_sqlite_file_has_a_path() -> None:
    """A PostgreSQL database through a socket is not taken for a file."""
    for url in (
        "postgresql:///bakery",
        "postgresql+psycopg:///bakery",
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
    ):
        assert config.sqlite_path(url) is None


def test_the_program_may_be_installed_in_a_folder_of_any_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alembic would read a percent sign in its settings as a reference."""
    monkeypatch.setattr(migrations, "__file__", "/opt/100%(bake)s/migrations/__init__.py")
    assert migrations._config().get_main_option("script_location") == "/opt/100%(bake)s/migrations"
