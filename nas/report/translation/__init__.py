"""Section of the report: translations and their BLEU."""
