"""One file for each format that is read; ``parts3d.meshes.reader`` chooses between them."""
