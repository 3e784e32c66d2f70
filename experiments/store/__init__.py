"""The results folder: the formats of its files, and how they are read and written."""
