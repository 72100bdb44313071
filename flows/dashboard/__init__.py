"""What Prefect's dashboard shows."""
