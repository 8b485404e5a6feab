"""The networks: texture encoder, noise predictor, and the import of published checkpoints."""
