"""One ask decided: proved, shown by a witness, or unknown."""
