"""Chats. Both speak to the console and show the outbox's notices; what they share stands in `words` and `cards`."""
