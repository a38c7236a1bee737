"""What rules of several clouds share: the ports that matter, credentials in text, production, encryption by a key of one's own."""
