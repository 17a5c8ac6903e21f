"""Bulk predictions: a zip of images in, a file of answers out, behind everybody else's requests."""
