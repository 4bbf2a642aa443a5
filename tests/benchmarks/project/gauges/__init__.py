"""What is measured inside a process of the host: a module for each subject, with a `measure`."""
