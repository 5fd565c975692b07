"""Training: recipes, losses, members, and the paper's full-batch run past overfitting."""
