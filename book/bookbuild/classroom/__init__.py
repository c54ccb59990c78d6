"""What a teacher takes to class, made of the chapters and a few notes."""
