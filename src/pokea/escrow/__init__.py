"""Every shilling twice: the ledger, the fee that is held, and the rules the books obey."""
