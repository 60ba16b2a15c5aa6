"""One request to Daraja that may move money: its evidence, its decision, and the machinery that settles it."""
