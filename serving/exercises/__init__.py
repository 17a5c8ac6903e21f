"""What is tried on an endpoint before it is relied on: load tests and rollback drills."""
