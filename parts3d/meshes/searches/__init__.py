"""What is looked for in a measured mesh: a file for each search, and what they share."""
