"""Runs: starting and cancelling them, and what a worker writes meanwhile. Torch-free."""
