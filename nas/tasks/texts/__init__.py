"""Text, subwords and batches that text tasks share."""
