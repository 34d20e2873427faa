"""Commands that explain operations and costs, and trace and recall lots."""
