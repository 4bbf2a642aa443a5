"""Real hosts, collectors and brokers for tests: processes and loopback sockets, ended with the test."""
