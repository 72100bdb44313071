"""What takes too long for a test, run by `make soak`: each module is a script, and ends with 1 if a thing is wrong."""
