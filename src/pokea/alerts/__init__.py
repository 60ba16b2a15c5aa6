"""What a person must hear of now: values, a row for each, and one sender for all processes."""
