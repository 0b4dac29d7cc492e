"""Live attacks as values, and the runner that demands the owner's own success first."""
