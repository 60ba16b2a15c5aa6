"""Counts that are kept as payments settle, and never counted again."""
