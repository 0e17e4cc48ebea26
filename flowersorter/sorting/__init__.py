"""Moving photos without ever losing one. Standard library only."""
