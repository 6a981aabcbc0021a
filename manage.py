"""Django's usual entry; the same as the console script `anwang`."""

from config.console import main

if __name__ == "__main__":
    main()
