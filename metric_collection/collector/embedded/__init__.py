"""The collector as one command: a folder, SQLite, a web server and the roll-up beside it."""
