"""`python -m mm` is `mm`: for whoever has the package and not the path."""

from mm.cli import main

main()
