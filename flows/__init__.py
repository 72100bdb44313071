"""Prefect flows, and the plain functions that they arrange."""
