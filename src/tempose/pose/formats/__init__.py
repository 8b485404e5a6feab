"""Key points in pictures, as other programs write them: one file here for each format."""
