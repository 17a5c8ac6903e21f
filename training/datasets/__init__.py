"""Data: uploads, imports with a row per file, and versions that never change."""
