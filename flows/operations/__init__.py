"""What keeps flows going: deployments, a server and a worker of our own, and whom to tell."""
