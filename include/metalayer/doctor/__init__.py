"""Says on any connection what keeps the meta layer from answering, and the statement that mends it."""
