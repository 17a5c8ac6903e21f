"""The ground floor, with real processes."""
