"""The trace both ways: from an answer to who signed for it, from an image to where it went."""
