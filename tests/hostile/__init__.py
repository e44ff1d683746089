"""Files that were made to do harm: what is in them is never run, obeyed or believed."""
