"""Jobs on several machines and GPUs."""
