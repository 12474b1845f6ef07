"""What people are told: notices queued with the act that causes them, written in their language, then delivered."""
