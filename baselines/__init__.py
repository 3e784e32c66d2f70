"""What the paper compares with; one method a file."""
