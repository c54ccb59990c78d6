"""What a teacher takes into a class, made from the chapters."""
