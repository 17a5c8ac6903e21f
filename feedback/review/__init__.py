"""The review queue: which predictions people look at, what they say, and what that adds up to."""
