"""What trials read: past inputs, the versions to be tried, results."""
