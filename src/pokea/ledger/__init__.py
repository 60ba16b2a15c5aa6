"""The double-entry ledger: accounts, and the postings that every movement of money makes."""
