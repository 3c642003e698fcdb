"""What an event and a feed are: pure values and rules, no input and no output."""
