"""What exported networks are worth on this machine: quality, parity, speed, memory, start."""
