"""`python -m behavior`."""

from behavior.cli import main

raise SystemExit(main())
