"""What is paid for, and its fee."""
