"""The status page: what the agent does, on this machine only, with an emergency stop."""
