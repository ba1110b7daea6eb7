"""Changes made in the background, item by item, by a worker that another can take over from.

What a job is and how far each item is stands in a journal (`journal`). Who runs it is a matter of
Django's task framework (`tasks`): a thread of this process (`embedded`), or whatever worker a
deployment has. The two know nothing of each other: a queue that loses a task, or brings it twice,
loses nothing and repeats nothing.
"""
