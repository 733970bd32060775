"""What scenes are drawn of. Every motif is a function of a ``Pen``, found by name in ``MOTIFS``."""
