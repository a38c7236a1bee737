"""The command line: a verb per file; each body is load, call, render."""
