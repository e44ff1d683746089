"""What the pages consist of: one folder per page."""
