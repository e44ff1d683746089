"""What the page of training consists of."""
