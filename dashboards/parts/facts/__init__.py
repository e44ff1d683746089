"""What the page of facts consists of."""
