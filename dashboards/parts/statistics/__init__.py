"""What the page of statistics consists of."""
