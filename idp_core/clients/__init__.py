"""Clients: applications that people log in to, and services that call others."""
