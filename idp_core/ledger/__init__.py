"""What was done: runs and their steps, how far each source was read, what could not pass."""
