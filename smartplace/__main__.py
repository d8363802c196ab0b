"""`python -m smartplace` and the command `smartplace`."""

from smartplace.cli import main

if __name__ == "__main__":
    main()
