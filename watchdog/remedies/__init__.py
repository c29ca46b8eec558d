"""PURE: what has to become true before a restart can help (`table`), and what a person can do meanwhile: statements for
the target (`alter`), all other ways out, and whether a statement may still be run (`applicable`)."""
