"""Meshes: read, measure, check, turn and draw them. Bytes and arrays in, values out.

``reader`` is the gate that every file passes; ``topology`` and ``measure`` say what is there;
``check`` judges it; ``sandbox`` runs gate and check in a child process for uploads by others.
"""
