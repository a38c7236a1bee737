"""Pulumi components: neutral nouns here, their words for each cloud in the folders."""
