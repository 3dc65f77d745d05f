"""Security questions, for those who must have them."""
