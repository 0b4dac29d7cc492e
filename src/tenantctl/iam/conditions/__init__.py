"""The `Condition` element: operators, how they read values, and how a block is decided."""
