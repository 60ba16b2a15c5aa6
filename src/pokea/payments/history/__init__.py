"""The history of payments: pages, the slices of time they are found by, and the export."""
