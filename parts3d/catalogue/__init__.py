"""The catalogue: parts, their revisions, and the rules of what may be sold."""
