"""Support tickets: what the customer asks for help with, and how soon they get it."""
