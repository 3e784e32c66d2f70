"""Showing cells in wandb or tensorboard; the results folder stays the only store."""
