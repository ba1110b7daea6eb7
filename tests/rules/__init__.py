"""The project's rules about its own source, as checkers that return what breaks them."""
