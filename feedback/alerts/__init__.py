"""Alerts: rules on an endpoint, what they raise, and who is told."""
