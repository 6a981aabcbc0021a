"""What trials write: runs, differences, switches."""
