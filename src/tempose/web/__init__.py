"""The studio: the same job as the command line's, in a web page, and over HTTP."""
