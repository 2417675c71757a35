"""``python -m training``: train, evaluate and export from a checkout."""

from training.cli import main

if __name__ == "__main__":
    main()
