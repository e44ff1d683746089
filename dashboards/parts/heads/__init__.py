"""What the page of heads consists of."""
