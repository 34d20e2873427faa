"""Log lines as values: queries, trees and statistics."""
