"""The list of commands: each is found, has an example that can be typed, and is imported only when needed."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bake_tracker import __version__
from bake_tracker.entrypoints.cli.app import load, make_app
from bake_tracker.entrypoints.cli.commands import COMMANDS, Command, Group, command_names
from support.command_line import CommandLine

BASH = shutil.which("bash")
WITHOUT = {
    *["openpyxl", "reportlab", "alembic", "psycopg", "pint", "fastapi", "recipe_scrapers", "opentelemetry", "pwdlib"]
}


def command_of(name: str) -> Command:
    first, _, second = name.partition(" ")
    one = COMMANDS[first]
    return one.commands[second] if isinstance(one, Group) else one


@pytest.mark.parametrize("name", command_names())
def test_a_command_has_an_example_that_can_be_typed(name: str) -> None:
    """The example is parsed as the command would parse it, without running it; the command's help shows it."""
    one = command_of(name)
    command = load(one, tuple(name.split()))
    with command.make_context(name, shlex.split(one.example)) as context:
        assert context.command.epilog == " ".join(filter(None, (f"Example: bake {name}", one.example)))


def test_an_example_that_cannot_be_typed_is_seen() -> None:
    """A removed option makes it fail."""
    command = load(command_of("receive"), ("receive",))
    with pytest.raises(Exception, match="No such option: --price"):
        command.make_context("receive", shlex.split("flour 25 kg --price 18.50"))


def test_the_version_is_printed(bake: CommandLine) -> None:
    """It prints the package's version and does nothing else."""
    assert bake("--version").out == f"bake-tracker {__version__}\n"
    assert not bake.log_file.exists()


def loaded_by(*words: str) -> set[str]:
    """The libraries that an interpreter has imported when a command ends."""
    program = (
        "import sys\n"
        "from bake_tracker.entrypoints.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_the_version_waits_for_no_database() -> None:
    """Neither SQLAlchemy nor any library of single commands is imported."""
    assert loaded_by("--version") & {"sqlalchemy", *WITHOUT} == set()


def test_a_question_waits_only_for_what_it_needs(sqlite_url: str) -> None:
    """The stock of an up-to-date bakery needs SQLAlchemy, but no migrations, files or other driver."""
    loaded = loaded_by("--database", sqlite_url, "stock")
    assert "sqlalchemy" in loaded
    assert loaded & WITHOUT == set()


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "complete -o default -F _bake_completion bake\n"),
        ("zsh", "#compdef bake\n"),
        ("fish", "complete --command bake "),
        ("powershell", "Register-ArgumentCompleter -Native -CommandName bake "),
    ],
)
def test_each_shell_gets_its_own_script(
    shell: str, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Any shell can print the script of another."""
    monkeypatch.setenv("_BAKE_COMPLETE", f"source_{shell}")
    with pytest.raises(SystemExit):
        make_app()(prog_name="bake")
    assert line in capsys.readouterr().out


IN_BASH = """
eval "$("$1" --show-completion)"
COMP_WORDS=("$1" log t) COMP_CWORD=2
_bake_completion "$1"
echo "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(BASH is None, reason="needs bash")
def test_bash_completes_a_program_that_is_called_by_its_path(tmp_path: Path) -> None:
    """For ./bake, the bash script asks the program that was typed."""
    program = tmp_path / "bake"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m bake_tracker "$@"\n', "utf-8")
    program.chmod(0o700)
    command = [str(BASH), "--norc", "-c", IN_BASH, "bash", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("tree tail\n", "")


def test_a_word_is_completed_from_the_list(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Within a group, only its own commands are completed."""
    monkeypatch.setenv("COMP_WORDS", "bake log t")
    monkeypatch.setenv("COMP_CWORD", "2")
    monkeypatch.setenv("_BAKE_COMPLETE", "complete_bash")
    with pytest.raises(SystemExit):
        make_app()(prog_name="bake")
    assert capsys.readouterr().out.split() == ["tree", "tail"]
