"""The command line: everything that the window does to files and models, without a screen."""
