"""A run: files are read, encoded and written, with what a run needs around it."""
