"""Shell: one look through the ports, for a verb, with nothing left behind: `topology` and `drift`."""
