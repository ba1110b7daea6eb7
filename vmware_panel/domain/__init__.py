"""What things are and what follows from them: frozen types and pure functions.

Nothing here imports Django, an SDK or another room of the project, and nothing here asks for the
time: what needs it takes it as an argument.
"""
