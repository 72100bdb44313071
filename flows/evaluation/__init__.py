"""How well a collection is searched, measured with questions that are given or made."""
