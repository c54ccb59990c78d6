"""What a teacher takes to class, made from the chapters and their run."""
