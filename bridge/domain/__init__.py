"""Events, feeds and sources as pure values and rules, without input or output."""
