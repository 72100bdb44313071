"""Prefect, servers and commands, as they run for their users: a package, so that its fixtures end with it."""
