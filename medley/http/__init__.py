"""The collection over HTTP: Medley's own API, Qdrant's reading half, and a page to search with."""
