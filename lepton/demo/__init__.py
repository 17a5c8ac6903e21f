"""The demo: the main job, played once through the same API a customer's client uses."""
