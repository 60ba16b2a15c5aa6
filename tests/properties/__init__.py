"""What holds for every input, by Hypothesis and by enumeration."""
