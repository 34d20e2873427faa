"""Commands that bake, pack and undo."""
