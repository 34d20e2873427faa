"""Pages to bake, pack and undo."""
