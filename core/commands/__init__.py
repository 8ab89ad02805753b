"""What people may type: a file a command or family, one table for every surface."""
