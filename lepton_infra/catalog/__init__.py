"""What can be bought: machines and prices, as dated rows."""
