"""What the author of a mapping asks: is it right, what does it give, what would an edit change.

Nothing here writes into the project.
"""
