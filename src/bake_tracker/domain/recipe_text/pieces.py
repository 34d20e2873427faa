"""Cut a labelled line into pieces; joined together, they are the line again."""

from collections.abc import Sequence

from bake_tracker.domain.recipe_text.numbers import Token


def pieces_of(text: str, tokens: Sequence[Token], labels: Sequence[str]) -> list[tuple[str, str]]:
    """Join neighbours with the same label; spaces belong to the piece before them."""
    pieces: list[tuple[str, str]] = []
    end = 0
    for token, label in zip(tokens, labels, strict=True):
        if pieces and pieces[-1][0] == label:
            pieces[-1] = (label, pieces[-1][1] + text[end : token.end])
        else:
            if pieces:
                pieces[-1] = (pieces[-1][0], pieces[-1][1] + text[end : token.start])
            pieces.append((label, text[0 if end == 0 else token.start : token.end]))
        end = token.end
    if not pieces:
        return [("dropped", text)] if text else []
    pieces[-1] = (pieces[-1][0], pieces[-1][1] + text[end:])
    return pieces


def joined(pieces: Sequence[tuple[str, str]], wanted: str, between: str = " ") -> str:
    """Join the pieces with this label; a mark in the middle of a word leaves no blank."""
    joined, is_glued = "", False
    for label, text in pieces:
        if label == wanted:
            joined += ("" if is_glued or not joined else between) + " ".join(text.split())
        is_glued = (is_glued or label == wanted) and not text[-1:].isspace()
    return joined
