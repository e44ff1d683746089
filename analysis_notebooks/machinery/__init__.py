"""What executes notebooks, makes their files the same every time, and compares them with the committed ones."""
