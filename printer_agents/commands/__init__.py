"""What ``parts3d-agent`` does beside driving printers; each is imported when it is asked for."""
