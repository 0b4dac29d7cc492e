"""The shared infrastructure: observe, plan, apply, destroy."""
