"""Programs that start at once: forked from one process that has imported all of Bake Tracker.

A forked program has arguments, an environment, a working directory, file descriptors and an end of its own, as if a
shell had started it. The only difference is that its imports are done already.
"""
