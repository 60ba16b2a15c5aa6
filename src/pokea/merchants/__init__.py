"""The merchants that an installation serves: one, until it makes others."""
