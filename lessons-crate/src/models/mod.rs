//! Models: each a config, what computes it, and a map of weight names.
