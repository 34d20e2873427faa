"""``python -m bake_tracker`` and ``bake-tracker`` are the command line."""

import sys

INTERRUPTED = 130
"""The status that a shell reports for a program ended by Ctrl-C."""


def main() -> None:
    """Run one command; Ctrl-C ends it silently, even during start-up."""
    try:
        from bake_tracker.entrypoints.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
