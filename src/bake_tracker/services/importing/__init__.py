"""Import tables and recipe pages."""
