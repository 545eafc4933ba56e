"""What pictures of parts are made of: camera, rays, light, lines, marks.

Callers use ``meshes.render``, ``meshes.overlay``, ``meshes.thumbnails`` and ``meshes.viewer``.
"""
