"""Commands that say why and trace lots."""
