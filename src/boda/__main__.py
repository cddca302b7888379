"""`python -m boda` is `boda`."""

from boda.cli.app import main

if __name__ == "__main__":
    main()
