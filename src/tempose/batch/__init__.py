"""Many photos, many motions: jobs from a table or a product, done on one machine or many."""
