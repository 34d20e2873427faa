"""What is on file, beside what a file brings."""
