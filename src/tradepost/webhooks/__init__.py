"""Outgoing webhooks: who is called, what each is told, and the calls themselves."""
