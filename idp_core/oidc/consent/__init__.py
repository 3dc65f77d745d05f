"""Consent: asked, recorded with a receipt, taken back."""
