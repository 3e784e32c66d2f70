"""Running jobs on several machines and GPUs."""
