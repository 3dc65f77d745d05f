"""Progressive profiling: a few more things are asked for on the way to a client."""
