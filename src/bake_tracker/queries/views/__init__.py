"""One reader for each noun that people look at, shared by API, CLI and pages."""
