"""Exports written: a retrained network as a folder that stands alone, checked in every form."""
