"""Key points, pose maps and motions."""
