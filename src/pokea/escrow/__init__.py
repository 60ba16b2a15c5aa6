"""What people decide about money that is held: release, dispute, refund, and the flags of payments."""
