"""Admin > VMware > Recent Tasks, and the page that follows a change to its end."""
