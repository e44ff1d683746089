"""What a checkpoint knows: option scores, free generation, consistency, how it fails."""
