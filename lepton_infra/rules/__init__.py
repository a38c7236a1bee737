"""The language of rules: card, three-valued view, verdict, runner. No rule lives here."""
