"""Every result code and error code of Daraja: what it means, whose fault it is, whether it is final."""
