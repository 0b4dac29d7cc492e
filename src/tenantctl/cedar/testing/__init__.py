"""Test cases of policies: read, decided, and told with what the nearest permit still asks for."""
