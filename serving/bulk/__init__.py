"""Bulk predictions: a zip of images or a manifest in, a file of answers out, behind all others."""
