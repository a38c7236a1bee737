"""What is needed: from a demand series to a plan. Arithmetic only."""
