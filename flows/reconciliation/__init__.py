"""What a run finds, compared with what the collection holds: what is carried over, and what is encoded anew."""
