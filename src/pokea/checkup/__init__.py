"""The guide's troubleshooting and production checklist, run."""
