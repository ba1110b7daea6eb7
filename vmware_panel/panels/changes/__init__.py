"""What every change of the panels goes through: its plan on a page, and the way from there."""
