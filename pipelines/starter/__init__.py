"""A new project: a folder that works at once, for a person to make their own."""
