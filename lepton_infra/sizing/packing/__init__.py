"""The fleet as an integer program: which nodes, of which clouds, in which hour, within which limits, and what each limit costs."""
