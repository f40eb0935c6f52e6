"""Writing exports: a retrained network as a folder that stands alone, checked in every form."""

from nas.export.whole import FORMATS, export, formats_here, is_exported

__all__ = ["FORMATS", "export", "formats_here", "is_exported"]
