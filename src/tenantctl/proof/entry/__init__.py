"""Who gets into the vending role, with which tags, and what a session may make of itself."""
