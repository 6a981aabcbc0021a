"""What trials compute: pure functions over columns of stored inputs."""
