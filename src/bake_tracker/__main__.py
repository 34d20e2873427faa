"""``python -m bake_tracker`` is the command line."""

from bake_tracker.entrypoints.cli import main

if __name__ == "__main__":
    main()
