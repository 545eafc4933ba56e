"""A network on paper: demand, failures, policies, figures. Virtual clock, no database."""
