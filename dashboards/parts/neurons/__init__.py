"""What the page of neurons consists of."""
