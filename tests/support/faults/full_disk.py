"""A process that works on a disk that fills up, gets room again, and fills up again; it prints its answers.

``python full_disk.py tmpfs|limit FOLDER ROUNDS``, on the ``bakery.db`` and ``bakery.log.jsonl`` in that folder. With
``tmpfs`` they are moved onto a small file system that is mounted for it alone, with ``limit`` no file may grow.
"""

import json
import os
import random
import resource
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

from sqlalchemy import text

from bake_tracker.clock import uuid7
from bake_tracker.config import load_settings
from bake_tracker.domain.errors import DatabaseUnavailableError
from bake_tracker.log.setup import configure_logging
from bake_tracker.services.database import database_url, dispose_engines, read_scope, run_in_transaction
from support.faults.workers import EFFECTS, Turn, carry_out

FILES = ("bakery.db", "bakery.log.jsonl")
FAILURES = 3


class SmallDisk:
    """A file system of some megabytes, with room for what is recorded, filled up by somebody else's file."""

    def __init__(self, folder: Path, size_megabytes: int) -> None:
        self.folder = folder / "disk"
        self.folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_megabytes}m", "none", str(self.folder)], check=True)
        for name in FILES:
            shutil.copy(folder / name, self.folder)

    def fill(self, room_bytes: int) -> None:
        with (self.folder / "photos").open("wb", buffering=0) as photos:
            free = os.statvfs(self.folder)
            photos.write(bytes(max(0, free.f_bavail * free.f_frsize - room_bytes)))

    def empty(self) -> None:
        (self.folder / "photos").unlink()

    def leave(self) -> None:
        for name in FILES:
            shutil.copy(self.folder / name, self.folder.parent)


class NoGrowth:
    """No file of this process may become larger than the largest is, and a little."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, room_bytes: int) -> None:
        largest = max(file.stat().st_size for file in self.folder.iterdir() if file.is_file())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest + room_bytes, resource.RLIM_INFINITY))

    def empty(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def leave(self) -> None:
        pass


def tell(what: str, turn: Turn, error: str = "") -> None:
    print(json.dumps([what, turn, error]), flush=True)  # noqa: T201  for the process that started this one


def read() -> None:
    """A full disk can be read."""
    with read_scope() as session:
        session.execute(text("SELECT count(*) FROM movement")).scalar_one()


def main(how: str, folder: Path, rounds: int) -> None:
    ids = json.loads(os.environ["BAKERY_IDS"])
    disk = SmallDisk(folder, 4 + rounds) if how == "tmpfs" else NoGrowth(folder)
    os.environ["BAKE_TRACKER_DATABASE_URL"] = f"sqlite:///{disk.folder / FILES[0]}"
    os.environ["BAKE_TRACKER_LOG_FILE"] = str(disk.folder / FILES[1])
    configure_logging(load_settings(), database_url())
    chance = random.Random(rounds)
    read()  # the first to open the database needs room for SQLite's index of its write-ahead log
    for _ in range(rounds):
        disk.fill(chance.randrange(0, 100_000))
        failed: list[Turn] = []
        while len(failed) < FAILURES:
            turn = [(chance.choice(list(EFFECTS)), uuid7()) for _ in range(chance.randint(1, 3))]
            tell("asked", turn)
            try:
                run_in_transaction(partial(carry_out, ids=ids, turn=turn))
                tell("done", turn)
            except DatabaseUnavailableError as error:
                tell("failed", turn, str(error))
                failed.append(turn)
            read()
        disk.empty()
        for turn in failed:
            run_in_transaction(partial(carry_out, ids=ids, turn=turn))
            tell("done", turn)
    dispose_engines()
    disk.leave()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
