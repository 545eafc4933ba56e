"""Jobs: one copy to be printed at one point, its attempts, and the talk with agents."""
