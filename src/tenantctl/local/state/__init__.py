"""What outlives a command: the snapshot, who holds it, and the server that may."""
