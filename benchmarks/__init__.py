"""The book's models beside other libraries, and how cost grows."""
