"""Rules for Amazon Web Services, a file for each noun."""
