"""What is fitted on a collection: fusions, bridges, vectors told by neighbours, and how scores are distributed."""
