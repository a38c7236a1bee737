"""Rules as cards: one folder per cloud."""

RULES: tuple[()] = ()
