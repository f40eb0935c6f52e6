"""`python -m nas`: the command `nas` without its script."""

from nas.cli import main

if __name__ == "__main__":
    main()
