"""The npm package in fresh applications."""
