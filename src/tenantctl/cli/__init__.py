"""The command line: parse, call one function, emit, pick the exit code."""
