"""Networks: their files, and what runs them."""
