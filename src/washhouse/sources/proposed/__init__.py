"""What a file that nobody declared yet seems to hold, and the declaration that could be made of it."""
