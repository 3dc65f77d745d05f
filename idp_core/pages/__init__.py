"""Pages: templates, their translations, the files they need. They work without JavaScript."""
