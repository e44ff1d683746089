"""What the page of lens consists of."""
