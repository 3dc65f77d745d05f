"""One-time codes by mail, and the link that fills the code in."""
