"""From the words of a command to jobs, and what a job says to people."""
