"""What is asked: which actions reach whose data, by which requests."""
