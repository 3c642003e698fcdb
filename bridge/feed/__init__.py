"""What a published feed consists of, as values that the publisher writes and the web reads."""
