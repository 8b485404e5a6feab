"""Pictures and videos in and out of files."""
