"""The database: reads, writes, tables and their migrations."""
