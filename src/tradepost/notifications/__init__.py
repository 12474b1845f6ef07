"""Notifications: what sellers' software is told of, through a queue or a webhook of its own."""
