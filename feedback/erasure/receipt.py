"""The receipt of an erasure: what was removed, by whose word, and what stays."""

from django.template.loader import render_to_string

from feedback.erasure.models import ErasedPiece


def receipt_of(erasure) -> str:
    """Return the receipt as Markdown, from the rows; it names each file by its hash."""
    pieces = list(erasure.pieces.order_by("kind", "sha256"))
    gone = [one for one in pieces if one.erased_at]
    words = {
        "erasure": erasure,
        "touches": erasure.touches,
        "images": [one for one in gone if one.kind == ErasedPiece.Kind.IMAGE],
        "inputs": [one for one in gone if one.kind == ErasedPiece.Kind.INPUT],
    }
    return render_to_string("feedback/erasure/receipt.md", words)
