"""What ran against what was needed: usage records against the plan, and what to release, resize, commit, move, raise or plan again."""
