"""People drawn by code, with exact ground truth: nobody's pictures are needed to train on them."""
