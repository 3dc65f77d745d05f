"""Skins over `pipelines.jobs`: nothing but ids and counts passes through an orchestrator."""
